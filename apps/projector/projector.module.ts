import { Module, type DynamicModule } from '@nestjs/common';
import type { Projector } from '#libs/engine';
import { ProjectorController, PROJECTORS, STOPPING } from './projector.controller.js';

@Module({})
export class ProjectorModule {
  static register(projectors: readonly Projector[], stopping: AbortSignal): DynamicModule {
    return {
      module: ProjectorModule,
      controllers: [ProjectorController],
      providers: [
        { provide: PROJECTORS, useValue: projectors },
        { provide: STOPPING, useValue: stopping },
      ],
    };
  }
}
