import type { Fault } from '../fault.js';
import { ROLES } from '../harness/part.js';

/** kill -9 of each part at drawn moments, once or twice. */
export const killAtRandom: Fault[] = ROLES.map((role) => ({
  name: `kill-${role}`,
  about: `kill -9 of the ${role} at a random moment, perhaps twice`,
  inject: (run) => run.killAndRestart(run.stage.part(role)),
  // Twice as many may have been in flight when it was killed twice.
  allow: { repeats: 64 },
}));
