#!/usr/bin/env node
// The command `spoor`: the set-up when something is missing, then the CLI in this same process.
import { ensureSetup } from './lib/ensure.mjs';
import { tell } from './lib/project.mjs';

let set = true;
try {
  await ensureSetup();
} catch (error) {
  tell(error);
  set = false;
  process.exitCode = 4;
}
if (set) await import('../dist/apps/cli/main.js');
