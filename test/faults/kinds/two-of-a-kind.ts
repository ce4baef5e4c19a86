import type { Fault } from '../fault.js';

/** The lease is taken from whoever holds it, again and again: each believes to lead while the other does. */
const coordinators: Fault = {
  name: 'two-coordinators',
  about: 'two coordinators, and a lease that goes to and fro',
  stage: () => ({ count: { coordinator: 2 } }),
  inject: async (run) => {
    const { log } = await run.stage.open();
    for (let left = run.random.int(3, 6); left > 0; left--) {
      await run.pause(150, 700);
      const holder = await log.lease.holder('coordinator-0');
      if (holder !== null) await log.lease.release('coordinator-0', holder);
      // Whoever led goes on until it looks after its lease.
      await log.lease.hold('coordinator-0', 'nobody');
      await run.pause(100, 500);
      await log.lease.release('coordinator-0', 'nobody');
    }
  },
};

const projectors: Fault = {
  name: 'two-projectors',
  about: 'two projectors, one of them killed',
  stage: () => ({ count: { projector: 2 } }),
  inject: async (run) => {
    await run.moment();
    const victim = run.random.pick(run.stage.partsOf('projector'));
    await run.kill(victim);
    victim.start();
  },
};

export const twoOfAKind: Fault[] = [coordinators, projectors];
