import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { createEgress, type Egress } from '#libs/adapters/egress';
import { createPageParser, readPageFacts } from '#libs/adapters/html';
import { createRobots } from '#libs/adapters/robots';
import type { Renderer, RenderOutcome, RenderRequest } from '#libs/engine/ports';
import { Worker } from '#libs/engine/worker';
import type { Resources } from '#libs/hosting';
import { failPointOf } from './fail-point.js';

export const RESOURCES = Symbol('Resources');
export const BROWSER_SERVICE = Symbol('BrowserService');

/** Where a browser service takes calls. */
export interface BrowserServiceAt {
  /** `host:port` */
  address: string;
  key: string | null;
}

/** Loads gRPC, and asks for the service, when the first page needs them. */
class LateRenderer implements Renderer {
  private loaded: Promise<Renderer & { close(): void }> | null = null;

  constructor(private readonly service: () => Promise<BrowserServiceAt>) {}

  async render(request: RenderRequest): Promise<RenderOutcome> {
    this.loaded ??= this.load();
    const renderer = await this.loaded.catch((error: unknown) => {
      this.loaded = null;
      throw error;
    });
    return renderer.render(request);
  }

  close(): void {
    void this.loaded?.then((renderer) => renderer.close()).catch(() => undefined);
  }

  private async load(): Promise<Renderer & { close(): void }> {
    const { createHiveRenderer } = await import('#libs/adapters/hive-grpc');
    return createHiveRenderer({ ...(await this.service()), maxMessageBytes: MAX_MESSAGE_BYTES });
  }
}

/** Largest answer of the browser service, bytes. */
const MAX_MESSAGE_BYTES = 16 * 2 ** 20;

/** What a stopping worker may take to finish the pages it has begun. */
const DRAIN_MS = 1500;

/** One worker for each shard and pool; they share the way to the outside. */
@Injectable()
export class WorkerHost implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly egress: Egress;
  private readonly workers: Worker[];
  private readonly renderer: LateRenderer | null;

  constructor(
    @Inject(RESOURCES) resources: Resources,
    @Inject(BROWSER_SERVICE) browserService: (() => Promise<BrowserServiceAt>) | null,
  ) {
    const { log, bodies, clock, logger, config, proxies, privateTargets, metrics } = resources;
    this.egress = createEgress({ allowPrivate: config.allowPrivate, proxies });
    this.renderer = browserService && new LateRenderer(browserService);
    const { eventLog, fetchQueue } = log;
    const deps = {
      ...{ eventLog, fetchQueue, clock, logger, metrics },
      fetcher: this.egress,
      privateTargets,
      robots: createRobots(this.egress, clock),
      parser: createPageParser(),
      browser: this.renderer ? { renderer: this.renderer, factsOf: readPageFacts } : undefined,
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
    this.renderer?.close();
    this.egress.close();
  }
}
