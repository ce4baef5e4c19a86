import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ReadinessCheck, readyBody, type Readiness } from '#libs/monitoring';
import { parseQuery } from '../http/parse.js';
import { Describe } from '../schemas/openapi.js';
import { noQuery } from '../schemas/queries.js';

const LOOK_MS = 1000;

@ApiTags('health')
@Controller('health')
export class HealthController {
  private last: { at: number; found: Promise<Readiness> } | null = null;

  constructor(@Inject(ReadinessCheck) private readonly readiness: ReadinessCheck) {}

  @Get()
  @Describe({
    ...{
      summary: 'In one word whether the engine works: 503 when it does not. For everybody',
      query: noQuery,
    },
    ...{ answer: 'Health', access: { scope: 'own' } },
  })
  async health(@Query() query: unknown, @Res() response: Response): Promise<void> {
    parseQuery(noQuery, query);
    const { ready, report } = await this.recent();
    response.status(ready ? 200 : 503).json({ status: report.status, timestamp: new Date().toISOString() });
  }

  @Get('live')
  @Describe({ access: { scope: 'own' }, summary: 'The process answers', query: noQuery, answer: 'Live' })
  live(@Query() query: unknown) {
    parseQuery(noQuery, query);
    return { status: 'ok' };
  }

  @Get('ready')
  @Describe({
    summary: 'Whether the engine does its work, and what is wrong with it: 503 when something fails',
    query: noQuery,
    answer: 'Ready',
  })
  async ready(@Query() query: unknown, @Res() response: Response): Promise<void> {
    parseQuery(noQuery, query);
    const found = await this.readiness.check();
    response.status(found.ready ? 200 : 503).json(readyBody(found));
  }

  /** Strangers may ask as often as they like: the stores are asked once a second. */
  private recent(): Promise<Readiness> {
    const now = performance.now();
    if (!this.last || now - this.last.at > LOOK_MS) this.last = { at: now, found: this.readiness.check() };
    return this.last.found;
  }
}
