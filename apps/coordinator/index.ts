import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { Resources, Running } from '#libs/hosting';
import { CoordinatorModule } from './coordinator.module.js';

export async function startCoordinator(resources: Resources): Promise<Running> {
  return NestFactory.createApplicationContext(CoordinatorModule.register(resources), {
    logger: ['error', 'warn'],
    abortOnError: false,
  });
}
