import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
/**
 * MB of each half of the young generation. A batch of the log lives until its rows are written: with the usual 16 the collector
 * copies it about more than once before that.
 */
const ROOM = '--max-semi-space-size=64';
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Has this same command done by a process that trades memory for speed, which a process can do at its start only: for work that
 * goes through the whole log and ends.
 * @returns its exit code; null when this is that process
 */
export async function inRoomyProcess(): Promise<number | null> {
  if (process.execArgv.includes(ROOM)) {
    process.on('disconnect', () => process.exit(128 + constants.signals.SIGTERM));
    process.channel?.unref();
    return null;
  }
  const child = spawn(process.execPath, [...process.execArgv, ROOM, MAIN, ...process.argv.slice(2)], {
    // By the fourth it sees this process end, however it does: nobody would wait for what it goes on with.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, pass);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
    });
  } finally {
    for (const signal of SIGNALS) process.off(signal, pass);
  }
}
