import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { Resources, Running } from '#libs/hosting';
import { WorkerModule } from './worker.module.js';

export { WorkerModule } from './worker.module.js';

/** Fetches pages until it is closed; closing finishes or hands back what it has begun. */
export async function startWorker(resources: Resources): Promise<Running> {
  return NestFactory.createApplicationContext(WorkerModule.register(resources), {
    logger: ['error', 'warn'],
    abortOnError: false,
  });
}
