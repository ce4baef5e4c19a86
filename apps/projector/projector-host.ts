import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Projector } from '#libs/engine';
import type { ProjectionStore } from '#libs/engine/ports';
import type { Resources } from '#libs/hosting';

export const RESOURCES = Symbol('Resources');
export const STORE = Symbol('ProjectionStore');

/** One projector for each shard. */
@Injectable()
export class ProjectorHost implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly stopping = new AbortController();
  private readonly projectors: Projector[];
  private running: Promise<void>[] = [];

  constructor(
    @Inject(RESOURCES) { log, clock, logger, config }: Resources,
    @Inject(STORE) store: ProjectionStore,
  ) {
    const shards = Array.from({ length: config.shards }, (_, shard) => shard);
    const deps = { eventLog: log.eventLog, store, clock, logger };
    this.projectors = shards.map((shard) => new Projector(deps, { shard, shards }));
  }

  onApplicationBootstrap(): void {
    this.running = this.projectors.map((projector) => projector.run(this.stopping.signal));
  }

  /** A commit that is under way ends; what was not committed is read again next time. */
  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.running);
  }
}
