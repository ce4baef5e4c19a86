import { Module, type DynamicModule } from '@nestjs/common';
import type { Resources } from '#libs/hosting';
import { BROWSER_SERVICE, RESOURCES, WorkerHost, type BrowserServiceAt } from './worker-host.js';

@Module({})
export class WorkerModule {
  static register(resources: Resources, browserService?: () => Promise<BrowserServiceAt>): DynamicModule {
    return {
      module: WorkerModule,
      providers: [
        { provide: RESOURCES, useValue: resources },
        { provide: BROWSER_SERVICE, useValue: browserService ?? null },
        WorkerHost,
      ],
    };
  }
}
