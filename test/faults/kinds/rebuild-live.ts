import { rebuildProjection } from '#apps/projector';
import { systemClock } from '#libs/adapters/system';
import type { Fault } from '../fault.js';
import { silent } from '../harness/silent.js';

export const rebuildLive: Fault = {
  name: 'rebuild-live',
  about: 'the read models are made anew in mid-crawl while the projector goes on, which is then killed',
  inject: async (run) => {
    await run.moment(0.1, 0.6);
    const { log, database } = await run.stage.open();
    await rebuildProjection({
      ...{ log, clock: systemClock, logger: silent, config: { shards: 1 } },
      database: () => Promise.resolve(database),
    });
    if (!run.random.chance(0.5)) return;
    const projector = run.stage.part('projector');
    await run.kill(projector);
    projector.start();
  },
};
