import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { Finding } from '#libs/engine/health';
import type { Resources, Running } from '#libs/hosting';
import { CoordinatorHost } from './coordinator-host.js';
import { CoordinatorModule } from './coordinator.module.js';

export interface RunningCoordinator extends Running {
  /** What is wrong that only the coordinator itself can know. */
  findings(): Promise<Finding[]>;
}

export async function startCoordinator(resources: Resources): Promise<RunningCoordinator> {
  const app = await NestFactory.createApplicationContext(CoordinatorModule.register(resources), {
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  return { findings: () => app.get(CoordinatorHost).findings(), close: () => app.close() };
}
