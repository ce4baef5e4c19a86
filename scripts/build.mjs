import { build } from './lib/build.mjs';
import { ensureSetup } from './lib/ensure.mjs';
import { alone } from './lib/lock.mjs';
import { say, tell } from './lib/project.mjs';

try {
  await ensureSetup({ withBuild: false });
  await alone(build, () => say('waiting for another set-up'));
} catch (error) {
  tell(error);
  process.exitCode = 1;
}
