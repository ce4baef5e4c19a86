import { shardOf } from '#libs/events';
import type { ReadModels } from '#libs/engine/ports';
import type { Resources } from '#libs/hosting';
import { say } from './say.js';

const CATCH_UP_MS = 60_000;
const LOOK_MS = 20;

export type Projected = Pick<Resources, 'config' | 'clock'> & {
  database: () => Promise<{ readModels: Pick<ReadModels, 'position'> }>;
};

/**
 * Waits until the read models tell the log up to `seq`: whoever looks after a crawl shall find all of it. They may be behind, or away
 * for a moment with their database; neither takes anything from the result, so in the end that is said and no more.
 */
export async function untilProjected(
  { database, config, clock }: Projected,
  jobId: string,
  seq: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = clock.monotonic() + CATCH_UP_MS;
  const told = async (): Promise<boolean> =>
    (await (await database()).readModels.position(shardOf(jobId))) >= seq;
  while (!(await told().catch(() => false))) {
    if (signal.aborted) return;
    if (clock.monotonic() > deadline) {
      say(`the read models are still behind; spoor up goes on with them (SPOOR_HOME ${config.home})`);
      return;
    }
    await clock.sleep(LOOK_MS);
  }
}
