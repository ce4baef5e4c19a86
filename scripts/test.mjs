// npm test [-- arguments of jest]
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ensureSetup } from './lib/ensure.mjs';
import { root, tell } from './lib/project.mjs';

const args = process.argv.slice(2);
const selected = args.includes('--selectProjects')
  ? args.slice(args.indexOf('--selectProjects') + 1)
  : ['process'];
// Tests with servers and processes wait as much as they compute: one worker more than cores, and never many servers at once.
const MOST_WORKERS = 4;
const most = Math.min(availableParallelism() + 1, MOST_WORKERS);
const workers = args.some((arg) => /^(-i|-w|--runInBand|--maxWorkers)/.test(arg))
  ? []
  : [`--maxWorkers=${most}`];

try {
  // Only the tests across processes run what is built.
  await ensureSetup({ withBuild: selected.includes('process') });
  const jest = ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js')];
  const child = spawn(process.execPath, [...jest, ...workers, ...args], { cwd: root, stdio: 'inherit' });
  // The terminal's Ctrl-C reaches jest too; we wait for what it makes of it.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.once('exit', (code) => (process.exitCode = code ?? 1));
} catch (error) {
  tell(error);
  process.exitCode = 1;
}
