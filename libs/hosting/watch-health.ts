import { diskRoom } from '#libs/adapters/system';
import {
  HealthWatch,
  type Finding,
  type HealthWatchDeps,
  type HealthWatchOptions,
} from '#libs/engine/health';
import { durabilityFindings } from './durability.js';
import { isGone, MIN_FREE_BYTES, type Resources } from './resources.js';

type Needed = Pick<Resources, 'log' | 'clock' | 'database' | 'natsSync'> & {
  config: Pick<Resources['config'], 'home' | 'shards' | 'leaseMs' | 'durability' | 'replicas'>;
};

export interface HealthOf extends Partial<HealthWatchOptions>, Pick<HealthWatchDeps, 'ownFindings'> {
  /** Whether the read models are this part's business: a worker does without Postgres. */
  readModels?: boolean;
}

/** What looks after an engine, or after the part of it that a process is. */
export function watchHealth(
  resources: Needed,
  { readModels = true, ownFindings, ...options }: HealthOf = {},
): HealthWatch {
  const { log, clock, config, database } = resources;
  const { eventLog, inspection, lease } = log;
  const own = async (): Promise<Finding[]> => [
    ...(await durabilityFindings(resources)),
    ...((await ownFindings?.()) ?? []),
  ];
  return new HealthWatch(
    {
      ...{ eventLog, inspection, lease, clock, isGone },
      projection: readModels ? async () => (await database()).projectionStore : null,
      room: diskRoom(config.home),
      ownFindings: own,
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
