import { Module, type DynamicModule } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import type { HealthWatch } from '#libs/engine/health';
import { HEALTH_WATCH, ReadinessCheck } from './readiness.js';

@Module({})
export class ReadinessModule {
  static register(watch: Pick<HealthWatch, 'look'>): DynamicModule {
    return {
      module: ReadinessModule,
      // What is wrong is in the answer, in metrics and in the log of whoever is concerned; each probe need not say it again.
      imports: [TerminusModule.forRoot({ logger: false })],
      providers: [{ provide: HEALTH_WATCH, useValue: watch }, ReadinessCheck],
      exports: [ReadinessCheck],
    };
  }
}
