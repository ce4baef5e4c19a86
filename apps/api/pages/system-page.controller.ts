import { setTimeout as wait } from 'node:timers/promises';
import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { systemPage } from '#libs/pages';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { Needs } from '../http/access.js';
import { PageShells, sendPage } from './page-shells.js';

/** As long as health waits for a store: this is the page on which people look for what does not answer. */
const PATIENCE_MS = 2000;

/** Null when it fails, or does not come in time. */
async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  const isThere = new AbortController();
  const late = wait(PATIENCE_MS, null, { signal: isThere.signal }).catch(() => null);
  return Promise.race([asked.catch(() => null), late]).finally(() => isThere.abort());
}

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
