import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { Running } from '#libs/hosting';
import type { NodeResources } from '#libs/hosting/scraper';
import { ScrapeNodeModule } from './scrape-node.module.js';

/** Takes scrapes until it is closed; closing finishes what it has begun, as far as that is quick. */
export async function startScrapeNode(node: NodeResources): Promise<Running> {
  return NestFactory.createApplicationContext(ScrapeNodeModule.register(node), {
    logger: ['error', 'warn'],
    abortOnError: false,
  });
}
