// npm test [-- arguments of jest]
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureSetup } from './lib/ensure.mjs';
import { root, tell } from './lib/project.mjs';

const args = process.argv.slice(2);
const selected = args.includes('--selectProjects')
  ? args.slice(args.indexOf('--selectProjects') + 1)
  : ['process'];
const workers = args.some((arg) => /^(-i|-w|--runInBand|--maxWorkers)/.test(arg)) ? [] : ['--maxWorkers=2'];

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
