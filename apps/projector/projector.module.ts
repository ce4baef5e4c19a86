import { Module, type DynamicModule } from '@nestjs/common';
import type { Resources } from '#libs/hosting';
import { ProjectorHost, RESOURCES, STORE } from './projector-host.js';

@Module({})
export class ProjectorModule {
  static register(resources: Resources): DynamicModule {
    return {
      module: ProjectorModule,
      providers: [
        { provide: RESOURCES, useValue: resources },
        { provide: STORE, useFactory: async () => (await resources.database()).projectionStore },
        ProjectorHost,
      ],
    };
  }
}
