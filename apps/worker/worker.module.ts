import { Module, type DynamicModule } from '@nestjs/common';
import type { Resources } from '#libs/hosting';
import { RESOURCES, WorkerHost } from './worker-host.js';

@Module({})
export class WorkerModule {
  static register(resources: Resources): DynamicModule {
    return {
      module: WorkerModule,
      providers: [{ provide: RESOURCES, useValue: resources }, WorkerHost],
    };
  }
}
