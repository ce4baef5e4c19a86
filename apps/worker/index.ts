import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { Resources, Running } from '#libs/hosting';
import type { BrowserServiceAt } from './worker-host.js';
import { WorkerModule } from './worker.module.js';

export { WorkerModule } from './worker.module.js';
export type { BrowserServiceAt } from './worker-host.js';

/**
 * Fetches pages until it is closed; closing finishes or hands back what it has begun.
 * @param browserService asked for at the first page that needs a browser; left out, such pages wait
 */
export async function startWorker(
  resources: Resources,
  browserService?: () => Promise<BrowserServiceAt>,
): Promise<Running> {
  return NestFactory.createApplicationContext(WorkerModule.register(resources, browserService), {
    logger: ['error', 'warn'],
    abortOnError: false,
  });
}
