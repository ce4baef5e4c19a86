import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SpoorError } from '#libs/failures';
import { isRunning, processIdentity, type ProcessRef } from './process-identity.js';

/** Where the starting and stopping of servers is told; a pino logger fits. */
export interface ServerLog {
  info(message: string): void;
  warn(message: string): void;
}

export const silentLog: ServerLog = { info: () => undefined, warn: () => undefined };

export interface RunningServer extends ProcessRef {
  port: number;
  /** With credentials, when the server asks for any. */
  url: string;
}

const MAX_LOG_BYTES = 10 * 1024 * 1024;

function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}

export interface SpawnOptions {
  logFile: string;
  /** Who runs it, when not the user of this process. */
  user?: { uid: number; gid: number };
  /** Open files that the server finds as 3, 4, … */
  fds?: number[];
}

/** Starts a server in a session of its own, so that it outlives this process and no Ctrl-C of the terminal reaches it. */
export function spawnServer(program: string, args: string[], options: SpawnOptions): ProcessRef {
  const log = openLog(options.logFile);
  try {
    const child = spawn(program, args, {
      detached: true,
      cwd: '/',
      stdio: ['ignore', log, log, ...(options.fds ?? [])],
      env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
      ...options.user,
    });
    child.on('error', () => undefined);
    child.unref();
    if (child.pid === undefined) {
      throw new SpoorError('store_unavailable', `${basename(program)} could not be started.`, {
        hint: 'Check that the program may be executed by this user.',
      });
    }
    return { pid: child.pid, identity: processIdentity(child.pid) ?? 'ended' };
  } finally {
    closeSync(log);
  }
}

/** Waits until the process has ended; false when it has not within `timeoutMs`. */
async function ended(ref: ProcessRef, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isRunning(ref)) {
    if (performance.now() > deadline) return false;
    await sleep(15);
  }
  return true;
}

export function signalProcess(ref: ProcessRef, signal: NodeJS.Signals): void {
  try {
    if (isRunning(ref)) process.kill(ref.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Asks the process to end, waits `graceMs` for it, then kills it. */
export async function stopProcess(ref: ProcessRef, signal: NodeJS.Signals, graceMs = 10_000): Promise<void> {
  signalProcess(ref, signal);
  if (!(await ended(ref, graceMs))) await killProcess(ref);
}

export async function killProcess(ref: ProcessRef): Promise<void> {
  signalProcess(ref, 'SIGKILL');
  await ended(ref, 10_000);
}

/** What was appended to a log since it had `from` bytes; empty when it cannot be read. */
export function logSince(file: string, from: number): string {
  try {
    return readFileSync(file).subarray(from).toString('utf8');
  } catch {
    return '';
  }
}

export const logSize = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** Polls `ready` while the process runs. `ended`: it died first. */
export async function waitReady(
  ref: ProcessRef,
  ready: () => Promise<boolean>,
  timeoutMs: number,
): Promise<'ready' | 'ended' | 'timeout'> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (!isRunning(ref)) return 'ended';
    if (await ready()) return 'ready';
    if (performance.now() > deadline) return 'timeout';
    await sleep(25);
  }
}
