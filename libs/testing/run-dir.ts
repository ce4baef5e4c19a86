import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessRef } from '#libs/adapters/servers';

/** Folder of this jest run (jest-setup.mjs makes it, jest-teardown.mjs ends what is noted there and removes it). */
export function runDir(): string {
  const dir = process.env.SPOOR_TEST_RUN;
  if (!dir) throw new Error('SPOOR_TEST_RUN is not set: is globalSetup of jest.config.mjs in use?');
  return dir;
}

/** An empty folder of a test, removed at the end of the run at the latest. */
export function testDir(name = 'dir'): string {
  return mkdtempSync(join(runDir(), `${name}-`));
}

/** Has the process ended with the run, should the test not come to it. */
export function noteProcess(ref: ProcessRef): void {
  const dir = join(runDir(), 'processes');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, String(ref.pid)), ref.identity);
}
