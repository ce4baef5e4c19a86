import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { isLoopback } from '#libs/config';
import { SpoorError } from '#libs/failures';
import { API_DEPS, type ApiDeps } from '../deps.js';

/** Where the API listens to this machine alone. Elsewhere metrics are not public: SPOOR_METRICS_PORT serves them. */
@ApiExcludeController()
@Controller('metrics')
export class MetricsController {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  @Get()
  async metrics(@Req() request: Request, @Res() response: Response): Promise<void> {
    const { metrics, config } = this.deps;
    if (!metrics || !isLoopback(config.host))
      throw new SpoorError('not_found', `There is nothing at ${request.path}.`, {
        hint: 'Metrics are served on SPOOR_METRICS_PORT, where that is set.',
      });
    response.type(metrics.contentType).send(await metrics.text());
  }
}
