import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ReadinessCheck, readyBody } from '#libs/monitoring';
import { parseQuery } from '../http/parse.js';
import { Describe } from '../schemas/openapi.js';
import { noQuery } from '../schemas/queries.js';

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(@Inject(ReadinessCheck) private readonly readiness: ReadinessCheck) {}

  @Get('live')
  @Describe({ summary: 'The process answers', query: noQuery, answer: 'Live' })
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
}
