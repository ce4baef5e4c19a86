// The whole set-up, and nothing where nothing is to do: dependencies, build, the command `spoor`, the servers' programs.
import { ensureSetup } from './lib/ensure.mjs';
import { tell } from './lib/project.mjs';
import { fetchServerPrograms, serverProgramsReady } from './lib/server-programs.mjs';

try {
  await ensureSetup();
  if (!serverProgramsReady()) await fetchServerPrograms();
} catch (error) {
  tell(error);
  process.exitCode = 4;
}
