import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Coordinator, RetentionSweep } from '#libs/engine';
import { CoordinatorWatch, type Finding } from '#libs/engine/health';
import { diskRoom } from '#libs/adapters/system';
import { isGone, MIN_FREE_BYTES, type Resources } from '#libs/hosting';

const DAY_MS = 86_400_000;

export const RESOURCES = Symbol('Resources');

/** One coordinator for each shard; which of them lead is decided by their leases. */
@Injectable()
export class CoordinatorHost implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly coordinators: Coordinator[];
  private readonly watches: CoordinatorWatch[];

  constructor(
    @Inject(RESOURCES) { log, clock, logger, hashKey, holder, config, metrics, removal }: Resources,
  ) {
    const { eventLog, fetchQueue, lease, progress, inspection } = log;
    const room = diskRoom(config.home);
    const deps = {
      ...{ eventLog, fetchQueue, lease, progress, inspection },
      ...{ clock, logger, metrics, hashKey, room },
    };
    const maxAgeMs = config.retentionDays === null ? null : config.retentionDays * DAY_MS;
    this.coordinators = Array.from(
      { length: config.shards },
      (_, shard) =>
        new Coordinator(
          {
            ...deps,
            retention: new RetentionSweep({ eventLog, clock, logger, removal }, { shard, maxAgeMs }),
          },
          {
            shard,
            pool: 'http',
            holder,
            isGone,
            minFreeBytes: MIN_FREE_BYTES,
            leaseEveryMs: Math.max(config.leaseMs / 3, 300),
          },
        ),
    );
    this.watches = this.coordinators.map((coordinator) => new CoordinatorWatch(coordinator, eventLog, clock));
    metrics?.watchCoordinators(() => this.coordinators.map(({ reading }) => reading));
  }

  /** What they know of themselves. */
  async findings(): Promise<Finding[]> {
    return (await Promise.all(this.watches.map((watch) => watch.look()))).flat();
  }

  onApplicationBootstrap(): void {
    for (const coordinator of this.coordinators) coordinator.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.coordinators.map((coordinator) => coordinator.stop()));
  }
}
