import { build } from './lib/build.mjs';
import { ensureSetup } from './lib/ensure.mjs';
import { tell } from './lib/project.mjs';

try {
  await ensureSetup({ withBuild: false });
  build();
} catch (error) {
  tell(error);
  process.exitCode = 1;
}
