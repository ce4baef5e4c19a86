// npm run simulate -- [--seeds N] [--from N] | --seed N: the engine's core under faults, in virtual time, from a seed.
import { ensureSetup } from './lib/ensure.mjs';
import { say, tell } from './lib/project.mjs';

try {
  await ensureSetup();
  const { simulate } = await import('../dist/libs/simulator/index.js');
  if (!(await simulate(process.argv.slice(2), (line) => console.log(line)))) process.exitCode = 1;
} catch (error) {
  if (error instanceof RangeError) say(error.message);
  else tell(error);
  process.exitCode = 1;
}
