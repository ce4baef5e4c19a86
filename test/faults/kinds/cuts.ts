import type { Fault } from '../fault.js';
import { LINKS } from '../harness/stage.js';

/** Each way between two processes, broken off: in both directions, for a moment or for longer than anybody waits. */
export const cuts: Fault[] = LINKS.map((link) => ({
  name: `cut-${link}`,
  about: `no way between ${link.replace('-', ' and ')} for a while, once or twice`,
  inject: async (run) => {
    for (let left = run.random.int(1, 2); left > 0; left--) {
      await run.moment(0.1, left === 2 ? 0.4 : 0.8);
      run.stage.relay(link).cut();
      await run.pause(100, run.random.chance(0.5) ? 1_000 : 9_000);
      run.stage.relay(link).mend();
    }
  },
  // A worker that was cut off holds tasks that another delivery may have done.
  allow: { repeats: 64, ...(link === 'worker-nats' ? { afterCommit: 32 } : {}) },
}));
