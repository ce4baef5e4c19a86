import { spawn, type SpawnOptions } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SpoorError } from '#libs/failures';
import { UNPRIVILEGED, isRoot } from './postgres-binaries.js';
import { logSince, logSize } from './server-process.js';

/**
 * How a program of Postgres is told about a file of ours. Root runs it as nobody, who may be unable to enter the folders above
 * (a private home or project); an inherited open file is reached all the same. Linux only; elsewhere the plain path is used.
 */
export interface Handed {
  path: string;
  fd: number | null;
}

export function handOver(path: string, childFd: number): Handed {
  if (!isRoot() || process.platform !== 'linux') return { path, fd: null };
  return { path: `/proc/self/fd/${childFd}`, fd: openSync(path, 'r') };
}

export function letGo(...handed: Handed[]): void {
  for (const { fd } of handed) if (fd !== null) closeSync(fd);
}

export const fdsOf = (...handed: Handed[]): number[] => handed.flatMap(({ fd }) => (fd === null ? [] : [fd]));

export const postgresUser = (): { uid: number; gid: number } | undefined =>
  isRoot() ? UNPRIVILEGED : undefined;

function giveAway(path: string, mode: number): void {
  chmodSync(path, mode);
  if (isRoot()) chownSync(path, UNPRIVILEGED.uid, UNPRIVILEGED.gid);
}

function initFailure(logFile: string, logFrom: number): SpoorError {
  const nameless = logSince(logFile, logFrom).includes('could not look up effective user');
  return nameless
    ? new SpoorError('store_unavailable', 'Postgres cannot run as a user without a name.', {
        hint: 'Run as a user that /etc/passwd knows, or give a Postgres of your own by DATABASE_URL.',
      })
    : new SpoorError('store_unavailable', 'The embedded Postgres could not make its data folder.', {
        hint: `The reason is in ${logFile}; a full disk is the usual one. DATABASE_URL uses a Postgres of your own instead.`,
      });
}

const DRAFT = '.new-';

/** What others left half made. One that is still being written stays until the next time. */
function dropDrafts(dataDir: string): void {
  const folder = dirname(dataDir);
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${basename(dataDir)}${DRAFT}`)) continue;
    try {
      rmSync(join(folder, name), { recursive: true, force: true });
    } catch {
      // It grows while it is emptied.
    }
  }
}

/**
 * Makes the data folder when there is none yet: UTF-8, the same order of text on every system, passwords required. A folder
 * that was left half made is made anew.
 * @throws SpoorError store_unavailable
 */
export async function initCluster(
  native: string,
  dataDir: string,
  password: string,
  logFile: string,
): Promise<void> {
  if (existsSync(join(dataDir, 'PG_VERSION'))) return;
  dropDrafts(dataDir);
  // Under a name of its own: the initdb of a process that was killed goes on, and writes where it was told to.
  const draft = `${dataDir}${DRAFT}${process.pid}-${Date.now()}`;
  const passwordFile = `${draft}.pw`;
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  giveAway(draft, 0o700);
  giveAway(passwordFile, 0o600);
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  const data = handOver(draft, 3);
  const secret = handOver(passwordFile, 4);
  const logFrom = logSize(logFile);
  const log = openSync(logFile, 'a', 0o600);
  try {
    const status = await run(
      join(native, 'bin/initdb'),
      [
        ...['-D', data.path, '-U', 'spoor', `--pwfile=${secret.path}`, '--auth=scram-sha-256'],
        ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ],
      {
        cwd: '/',
        stdio: ['ignore', log, log, ...fdsOf(data, secret)],
        env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
        ...postgresUser(),
      },
    );
    if (status !== 0) throw initFailure(logFile, logFrom);
  } finally {
    closeSync(log);
    letGo(data, secret);
    rmSync(passwordFile, { force: true });
  }
  rmSync(dataDir, { recursive: true, force: true });
  renameSync(draft, dataDir);
}

/** Exit code, null when it did not come to one. Not waited for in the way of everything else: it takes a second, and others start meanwhile. */
function run(program: string, args: string[], options: SpawnOptions): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(program, args, options);
    child.once('error', () => resolve(null));
    child.once('exit', resolve);
  });
}
