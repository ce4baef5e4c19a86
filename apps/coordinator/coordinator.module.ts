import { Module, type DynamicModule } from '@nestjs/common';
import type { Resources } from '#libs/hosting';
import { CoordinatorHost, RESOURCES } from './coordinator-host.js';

@Module({})
export class CoordinatorModule {
  static register(resources: Resources): DynamicModule {
    return {
      module: CoordinatorModule,
      providers: [{ provide: RESOURCES, useValue: resources }, CoordinatorHost],
    };
  }
}
