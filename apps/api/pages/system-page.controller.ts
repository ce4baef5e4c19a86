import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { systemPage } from '#libs/pages';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { Needs } from '../http/access.js';
import { PageShells, sendPage } from './page-shells.js';

const orNull = <T>(asked: Promise<T>): Promise<T | null> => asked.catch(() => null);

@ApiExcludeController()
@Controller('system')
export class SystemPageController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(PageShells) private readonly shells: PageShells,
  ) {}

  @Get()
  @Needs({ scope: 'admin' })
  async system(@Req() request: Request, @Res() response: Response): Promise<void> {
    const { config, health, projection, eventLog, queue } = this.deps;
    const shards = Array.from({ length: config.shards }, (_, shard) => shard);
    const [report, projections, streams, queues] = await Promise.all([
      health.look(),
      Promise.all(shards.map((shard) => orNull(projection(shard)))),
      Promise.all(shards.map((shard) => orNull(eventLog.head(shard).then((head) => ({ shard, ...head }))))),
      Promise.all(
        shards.map(async (shard) => (queue ? orNull(queue(shard).then((use) => ({ shard, ...use }))) : null)),
      ),
    ]);
    const view = { health: report, projections, streams, queues };
    sendPage(response, systemPage(this.shells.for(request, response), view));
  }
}
