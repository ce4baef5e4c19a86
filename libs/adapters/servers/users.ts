import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, thisProcess, type ProcessRef } from './process-identity.js';

let uses = 0;

/** Notes that this process uses the servers; returns the note's file. */
export function registerUser(dir: string): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  uses += 1;
  const file = join(dir, `${process.pid}.${uses}`);
  writeFileSync(file, JSON.stringify(thisProcess()), { mode: 0o600 });
  return file;
}

/** How many still use the servers. Notes of processes that ended without a word are removed. */
export function liveUsers(dir: string): number {
  let live = 0;
  for (const name of readdirSync(dir)) {
    const file = join(dir, name);
    let ref: ProcessRef | null = null;
    try {
      ref = JSON.parse(readFileSync(file, 'utf8')) as ProcessRef;
    } catch {
      // Torn by a kill: its process is gone.
    }
    if (ref && isRunning(ref)) live += 1;
    else rmSync(file, { force: true });
  }
  return live;
}
