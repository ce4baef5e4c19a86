import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Same words as processIdentity() of libs/adapters/servers, for Linux; elsewhere a live id has to do. */
function isStillThat(pid, identity) {
  if (process.platform !== 'linux') return true;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return identity.endsWith(`:${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`);
  } catch {
    return false;
  }
}

/** Ends what a run has noted and left running, and removes its folder. */
export function endRun(dir) {
  let notes = [];
  try {
    notes = readdirSync(join(dir, 'processes'));
  } catch {
    // Nothing was started.
  }
  for (const pid of notes) {
    try {
      const identity = readFileSync(join(dir, 'processes', pid), 'utf8');
      if (isStillThat(Number(pid), identity)) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // Ended by itself.
    }
  }
  rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

export default function teardown() {
  if (process.env.SPOOR_TEST_RUN) endRun(process.env.SPOOR_TEST_RUN);
}
