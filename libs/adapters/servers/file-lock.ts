import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SpoorError } from '#libs/failures';
import { isRunning, thisProcess, type ProcessRef } from './process-identity.js';

// Claims are files with rising numbers, and the highest one is never removed, only superseded. So a claim whose holder was
// killed can be taken over without the race of "remove the stale file, make my own": one contender creates number n+1, and
// a contender that slept through later claims finds a higher one and withdraws.

const claimsIn = (dir: string): number[] =>
  readdirSync(dir)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);

function isHeld(file: string): boolean {
  try {
    const claim = JSON.parse(readFileSync(file, 'utf8')) as ProcessRef & { released?: boolean };
    return claim.released !== true && isRunning(claim);
  } catch (error) {
    // Superseded while we looked: somebody holds it, look again.
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function draft(dir: string, content: unknown): string {
  const file = join(dir, `draft-${randomUUID()}`);
  writeFileSync(file, JSON.stringify(content), { mode: 0o600 });
  return file;
}

function tryClaim(dir: string): string | null {
  const last = claimsIn(dir).at(-1) ?? 0;
  if (last > 0 && isHeld(join(dir, String(last)))) return null;
  const file = join(dir, String(last + 1));
  const content = draft(dir, thisProcess());
  try {
    linkSync(content, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
    throw error;
  } finally {
    rmSync(content, { force: true });
  }
  const claims = claimsIn(dir);
  if (claims.at(-1) !== last + 1) {
    rmSync(file, { force: true });
    return null;
  }
  for (const older of claims.slice(0, -1)) rmSync(join(dir, String(older)), { force: true });
  return file;
}

/** Runs `work` while no other process (and nobody else in this one) holds the lock `dir`. It ends with its holder, kill -9 included. */
export async function withLock<T>(dir: string, work: () => Promise<T>, timeoutMs = 120_000): Promise<T> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const deadline = performance.now() + timeoutMs;
  let claim = tryClaim(dir);
  while (claim === null) {
    if (performance.now() > deadline) {
      throw new SpoorError(
        'store_unavailable',
        'Another Spoor process is busy with the servers for too long.',
        {
          hint: 'Look whether one hangs, end it, and try again.',
        },
      );
    }
    await sleep(20 + Math.random() * 20);
    claim = tryClaim(dir);
  }
  try {
    return await work();
  } finally {
    renameSync(draft(dir, { released: true }), claim);
  }
}
