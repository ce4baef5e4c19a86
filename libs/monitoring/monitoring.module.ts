import { Controller, Get, Inject, Module, Res, type DynamicModule } from '@nestjs/common';
import type { Response } from 'express';
import type { HealthWatch } from '#libs/engine/health';
import { ReadinessCheck } from './readiness.js';
import { ReadinessModule } from './readiness.module.js';
import { readyBody } from './ready-body.js';

/** What Prometheus is told. */
export interface Scrape {
  readonly contentType: string;
  text(): Promise<string>;
}

/** Injection token of a `Scrape`. */
export const SCRAPE = Symbol('Scrape');

@Controller('health')
class HealthController {
  constructor(@Inject(ReadinessCheck) private readonly readiness: ReadinessCheck) {}

  @Get('live')
  live() {
    return { status: 'ok' };
  }

  @Get('ready')
  async ready(@Res() response: Response): Promise<void> {
    const found = await this.readiness.check();
    response.status(found.ready ? 200 : 503).json(readyBody(found));
  }
}

@Controller('metrics')
class MetricsController {
  constructor(@Inject(SCRAPE) private readonly scrape: Scrape) {}

  @Get()
  async metrics(@Res() response: Response): Promise<void> {
    response.type(this.scrape.contentType).send(await this.scrape.text());
  }
}

@Module({})
export class MonitoringModule {
  static register(watch: Pick<HealthWatch, 'look'>, scrape: Scrape): DynamicModule {
    return {
      module: MonitoringModule,
      imports: [ReadinessModule.register(watch)],
      controllers: [HealthController, MetricsController],
      providers: [{ provide: SCRAPE, useValue: scrape }],
    };
  }
}
