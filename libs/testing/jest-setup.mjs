import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endRun } from './jest-teardown.mjs';

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** Makes the folder of this run, and clears away what runs that were killed have left behind. */
export default function setup() {
  for (const name of readdirSync(tmpdir())) {
    const pid = /^spoor-test-(\d+)-/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) endRun(join(tmpdir(), name));
  }
  process.env.SPOOR_TEST_RUN = mkdtempSync(join(tmpdir(), `spoor-test-${process.pid}-`));
  // A developer's own servers are not for tests.
  for (const name of ['NATS_URL', 'DATABASE_URL', 'SPOOR_HOME']) delete process.env[name];
  // Two homes that both want the usual ports would take them from each other whenever a server is down.
  process.env.SPOOR_NATS_PORT = process.env.SPOOR_POSTGRES_PORT = '0';
}
