import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { parseQuery } from '../http/parse.js';
import { Describe } from '../schemas/openapi.js';
import { noQuery } from '../schemas/queries.js';
import { readiness } from './readiness.js';

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  @Get('live')
  @Describe({ summary: 'The process answers', query: noQuery, answer: 'Live' })
  live(@Query() query: unknown) {
    parseQuery(noQuery, query);
    return { status: 'ok' };
  }

  @Get('ready')
  @Describe({
    summary: 'NATS and Postgres answer; how far the projector lags',
    query: noQuery,
    answer: 'Ready',
  })
  async ready(@Query() query: unknown, @Res() response: Response): Promise<void> {
    parseQuery(noQuery, query);
    const found = await readiness(this.deps);
    response.status(found.status === 'ok' ? 200 : 503).json(found);
  }
}
