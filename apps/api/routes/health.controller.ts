import { setTimeout as wait } from 'node:timers/promises';
import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { parseQuery } from '../http/parse.js';
import { Describe } from '../schemas/openapi.js';
import { noQuery } from '../schemas/queries.js';

const PATIENCE_MS = 2000;

/** The value, or null when it does not come in time: the stores retry for much longer than a probe waits. */
async function inTime<T>(asked: Promise<T>): Promise<T | null> {
  const ended = new AbortController();
  const tooLate = wait(PATIENCE_MS, null, { signal: ended.signal }).catch(() => null);
  const answer = await Promise.race([asked.catch(() => null), tooLate]);
  ended.abort();
  return answer;
}

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
    const shards = await Promise.all(
      Array.from({ length: this.deps.config.shards }, async (_, shard) => {
        const [head, projected] = await Promise.all([
          inTime(this.deps.eventLog.head(shard)),
          inTime(this.deps.readModels.position(shard)),
        ]);
        const lag = head && projected !== null ? Math.max(0, head.lastSeq - projected) : null;
        return { shard, lastSeq: head?.lastSeq ?? null, projected, lag };
      }),
    );
    const nats = shards.every((s) => s.lastSeq !== null) ? 'ok' : 'unavailable';
    const postgres = shards.every((s) => s.projected !== null) ? 'ok' : 'unavailable';
    const status = nats === 'ok' && postgres === 'ok' ? 'ok' : 'unavailable';
    response.status(status === 'ok' ? 200 : 503).json({ status, nats, postgres, shards });
  }
}
