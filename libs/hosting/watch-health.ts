import { diskRoom } from '#libs/adapters/system';
import { HealthWatch, type HealthWatchDeps, type HealthWatchOptions } from '#libs/engine/health';
import { isGone, MIN_FREE_BYTES, type Resources } from './resources.js';

type Needed = Pick<Resources, 'log' | 'clock' | 'database'> & {
  config: Pick<Resources['config'], 'home' | 'shards' | 'leaseMs'>;
};

export interface HealthOf extends Partial<HealthWatchOptions>, Pick<HealthWatchDeps, 'ownFindings'> {
  /** Whether the read models are this part's business: a worker does without Postgres. */
  readModels?: boolean;
}

/** What looks after an engine, or after the part of it that a process is. */
export function watchHealth(
  { log, clock, config, database }: Needed,
  { readModels = true, ownFindings, ...options }: HealthOf = {},
): HealthWatch {
  const { eventLog, inspection, lease } = log;
  return new HealthWatch(
    {
      ...{ eventLog, inspection, lease, clock, isGone },
      projection: readModels ? async () => (await database()).projectionStore : null,
      room: diskRoom(config.home),
      ...(ownFindings ? { ownFindings } : {}),
    },
    {
      shards: config.shards,
      minFreeBytes: MIN_FREE_BYTES,
      // A coordinator that died leaves its lease for so long, and the next one tries for it every third of that.
      leaderlessAfterMs: 2 * config.leaseMs,
      ...options,
    },
  );
}
