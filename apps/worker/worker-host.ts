import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { createEgress, type Egress } from '#libs/adapters/egress';
import { createPageParser } from '#libs/adapters/html';
import { createRobots } from '#libs/adapters/robots';
import { Worker } from '#libs/engine/worker';
import type { Resources } from '#libs/hosting';
import { failPointOf } from './fail-point.js';

export const RESOURCES = Symbol('Resources');

/** What a stopping worker may take to finish the pages it has begun. */
const DRAIN_MS = 1500;

/** One worker for each shard and pool; they share the way to the outside. */
@Injectable()
export class WorkerHost implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly egress: Egress;
  private readonly workers: Worker[];

  constructor(@Inject(RESOURCES) resources: Resources) {
    const { log, bodies, clock, logger, config, proxies, privateTargets, metrics } = resources;
    this.egress = createEgress({ allowPrivate: config.allowPrivate, proxies });
    const { eventLog, fetchQueue } = log;
    const deps = {
      ...{ eventLog, fetchQueue, clock, logger, metrics },
      fetcher: this.egress,
      privateTargets,
      robots: createRobots(this.egress, clock),
      parser: createPageParser(),
      bodies,
      random: Math.random,
      failPoint: failPointOf(process.env['SPOOR_FAIL_AT']),
    };
    const { shards, workerPools } = config;
    const slots = Math.max(1, Math.floor(config.workerSlots / (shards * Math.max(1, workerPools.length))));
    this.workers = Array.from({ length: shards }, (_, shard) =>
      workerPools.map((pool) => new Worker(deps, { shard, pool, slots })),
    ).flat();
    metrics?.watchWorkers(() => this.workers.map(({ reading }) => reading));
  }

  onApplicationBootstrap(): void {
    for (const worker of this.workers) worker.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.drain(DRAIN_MS)));
    this.egress.close();
  }
}
