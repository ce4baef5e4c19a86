import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { nodeHandler } from '#libs/engine/scrape';
import type { NodeResources } from '#libs/hosting/scraper';

export const NODE_RESOURCES = Symbol('NodeResources');

/** What a stopping node may take to finish the pages it has begun. */
const DRAIN_MS = 1500;

/** Fetches single pages for apis elsewhere. */
@Injectable()
export class ScrapeNodeHost implements OnApplicationBootstrap, OnApplicationShutdown {
  private serving: ReturnType<NodeResources['desk']['serve']> | null = null;

  constructor(@Inject(NODE_RESOURCES) private readonly node: NodeResources) {}

  onApplicationBootstrap(): void {
    const { desk, id, region, slots, scraper, logger } = this.node;
    const fetch = scraper.fetch.bind(scraper);
    this.serving = desk.serve({ id, region, slots }, nodeHandler(id, { fetch, logger }));
    logger.info({ node: id, region, slots }, 'takes scrapes');
  }

  async onApplicationShutdown(): Promise<void> {
    await this.serving?.close(DRAIN_MS);
  }
}
