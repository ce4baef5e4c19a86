// Everything that has to be green before a change is handed over; one line for each step, all output of those that fail.
import { spawnSync } from 'node:child_process';
import { ensureSetup } from './lib/ensure.mjs';
import { root, say, tell } from './lib/project.mjs';

const bin = (path, ...args) => [`node_modules/${path}`, ...args];
const steps = {
  format: bin('prettier/bin/prettier.cjs', '--check', '.'),
  lint: bin('eslint/bin/eslint.js', '.'),
  types: bin('typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit'),
  layers: bin(
    'dependency-cruiser/bin/dependency-cruise.mjs',
    ...['--config', '.dependency-cruiser.cjs', 'apps', 'libs', 'migrations', 'test'],
  ),
  build: ['scripts/build.mjs'],
  tests: ['scripts/test.mjs'],
};

/** `verify.mjs --static` leaves out the build and the tests. */
const names = Object.keys(steps).filter(
  (name) => !process.argv.includes('--static') || !/build|tests/.test(name),
);

try {
  await ensureSetup({ withBuild: false });
  let failed = 0;
  for (const name of names) {
    const started = performance.now();
    const { status, stdout, stderr } = spawnSync(process.execPath, steps[name], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (status !== 0) {
      failed += 1;
      say(`${stdout}${stderr}`.trimEnd());
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${name.padEnd(7)} ${status === 0 ? 'ok' : 'FAILED'} (${seconds} s)`);
  }
  process.exitCode = failed === 0 ? 0 : 1;
} catch (error) {
  tell(error);
  process.exitCode = 1;
}
