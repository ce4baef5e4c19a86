// npm run faults [-- --fault name] [--seed N] [--runs N]: the engine's real processes and servers, struck by faults from a seed.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensureSetup } from './lib/ensure.mjs';
import { root, say, tell } from './lib/project.mjs';

/** The harness is a test and not part of what is built: its types are left out, and it stands beside what it imports. */
async function compileHarness() {
  const { transformSync } = await import('@swc/core');
  const options = { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } };
  const out = join(root, 'dist/test');
  rmSync(out, { recursive: true, force: true });
  for (const folder of ['test/faults', 'test/support'])
    for (const name of readdirSync(join(root, folder), { recursive: true })) {
      const path = join(folder, name);
      if (!name.endsWith('.ts') || name.endsWith('.spec.ts')) continue;
      const file = join(root, 'dist', path.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, transformSync(readFileSync(join(root, path), 'utf8'), options).code);
    }
}

try {
  await ensureSetup();
  await compileHarness();
  const { default: setUp } = await import('../libs/testing/jest-setup.mjs');
  const { default: tearDown } = await import('../libs/testing/jest-teardown.mjs');
  setUp();
  process.on('exit', tearDown);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
  const { runFaults } = await import('../dist/test/faults/suite.js');
  if (!(await runFaults(process.argv.slice(2), (line) => console.log(line)))) process.exitCode = 1;
} catch (error) {
  if (error instanceof RangeError) say(error.message);
  else tell(error);
  process.exitCode = 1;
}
