import { Module, type DynamicModule } from '@nestjs/common';
import type { NodeResources } from '#libs/hosting/scraper';
import { NODE_RESOURCES, ScrapeNodeHost } from './scrape-node-host.js';

@Module({})
export class ScrapeNodeModule {
  static register(node: NodeResources): DynamicModule {
    return {
      module: ScrapeNodeModule,
      providers: [{ provide: NODE_RESOURCES, useValue: node }, ScrapeNodeHost],
    };
  }
}
