import { execFile } from 'node:child_process';
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { SpoorError } from '#libs/failures';
import { systemSuites, unpackPackage } from './apt-package.js';
import type { AptSource } from './apt-sources.js';
import { cacheDir } from './cache-dir.js';
import { withLock } from './file-lock.js';
import { silentLog, type ServerLog } from './server-process.js';

const run = promisify(execFile);
const NAME = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server';
const OLDEST = [2, 10] as const;

/** Version that the program reports, or null when it does not start. */
async function versionOf(program: string): Promise<string | null> {
  try {
    const { stdout } = await run(program, ['--version'], { timeout: 10_000 });
    return /v(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? null;
  } catch {
    return null;
  }
}

async function isNewEnough(program: string): Promise<boolean> {
  const [major = 0, minor = 0] = ((await versionOf(program)) ?? '0.0').split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

function onPath(): string[] {
  // Distributions put it into sbin, which is not on the PATH of every user.
  const dirs = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin'];
  return [...new Set(dirs.filter(Boolean).map((dir) => join(dir, NAME)))].filter((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function fetchInto(cached: string, cache: string, log: ServerLog): Promise<boolean> {
  for (const source of systemSuites()) {
    log.info(`fetching nats-server from the distribution's archive (${source.suite})`);
    try {
      if (await fetchFrom(source, cached, cache)) return true;
    } catch {
      log.warn(`the archive's suite ${source.suite} gave no nats-server that runs here`);
    }
  }
  return false;
}

/** False when the suite's is too old. */
async function fetchFrom(source: AptSource, target: string, cache: string): Promise<boolean> {
  const work = mkdtempSync(join(cache, 'unpack-'));
  try {
    const root = await unpackPackage('nats-server', source, work);
    const program = ['usr/sbin', 'usr/bin']
      .map((dir) => join(root, dir, NAME))
      .find((file) => existsSync(file));
    if (program === undefined || !(await isNewEnough(program))) return false;
    copyFileSync(program, `${target}.new`);
    renameSync(`${target}.new`, target);
    return true;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * A nats-server from each suite of the distribution's archive that has one new enough, kept in the cache: for tests against all
 * versions that are supported. Those that cannot be had are left out.
 */
export async function fetchOtherNatsServers(home: string): Promise<{ version: string; program: string }[]> {
  const cache = cacheDir(home);
  mkdirSync(cache, { recursive: true });
  const found: { version: string; program: string }[] = [];
  for (const source of systemSuites()) {
    const program = join(cache, `${NAME}-${source.suite.replaceAll('/', '-')}`);
    if (!existsSync(program))
      await withLock(join(cache, 'lock'), () => fetchFrom(source, program, cache), 300_000).catch(
        () => false,
      );
    const version = existsSync(program) ? await versionOf(program) : null;
    if (version !== null) found.push({ version, program });
  }
  return found;
}

/**
 * Path of a nats-server that is new enough: from PATH, from the cache, or unpacked into the cache from the distribution's
 * archive.
 * @param home SPOOR_HOME
 */
export async function findNatsServer(home: string, log: ServerLog = silentLog): Promise<string> {
  for (const program of onPath()) if (await isNewEnough(program)) return program;
  const cache = cacheDir(home);
  const cached = join(cache, NAME);
  if (existsSync(cached) && (await isNewEnough(cached))) return cached;
  mkdirSync(cache, { recursive: true });
  const there = await withLock(
    join(cache, 'lock'),
    async () => (existsSync(cached) && (await isNewEnough(cached))) || (await fetchInto(cached, cache, log)),
    300_000,
  );
  if (there) return cached;
  throw new SpoorError(
    'store_unavailable',
    'No nats-server 2.10 or newer was found, and none could be fetched.',
    {
      hint:
        'macOS: `brew install nats-server`. Docker: `docker run -d -p 127.0.0.1:4222:4222 nats:2.12 -js`, then set ' +
        'NATS_URL=nats://127.0.0.1:4222. Otherwise download it from https://github.com/nats-io/nats-server/releases and put it ' +
        'on the PATH.',
    },
  );
}
