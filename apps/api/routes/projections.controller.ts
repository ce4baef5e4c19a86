import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { RebuildProgress, Verification } from '#libs/engine';
import { SpoorError } from '#libs/failures';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { formatOf } from '../http/formats.js';
import { OpenStreams } from '../http/open-streams.js';
import { parseQuery } from '../http/parse.js';
import { sendLines } from '../http/send-lines.js';
import { Describe } from '../schemas/openapi.js';
import { noQuery, verifyQuery } from '../schemas/queries.js';

@ApiTags('projections')
@Controller('api/projections')
export class ProjectionsController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(OpenStreams) private readonly streams: OpenStreams,
  ) {}

  @Get()
  @Describe({
    summary: 'How far the read models of each shard are, and the jobs whose events wait, with the reason',
    query: noQuery,
    answer: 'Projections',
  })
  async list(@Query() query: unknown) {
    parseQuery(noQuery, query);
    const shards = Array.from({ length: this.deps.config.shards }, (_, shard) => shard);
    return { items: await Promise.all(shards.map((shard) => this.deps.projection(shard))) };
  }

  @Get('verify')
  @Describe({
    summary:
      'Fold the log beside the live read models and hold both against each other: takes as long as a rebuild, one at a time; as NDJSON with progress on the way',
    query: verifyQuery,
    answer: 'Verification',
    streams: ['application/x-ndjson'],
  })
  async verify(@Query() query: unknown, @Req() request: Request, @Res() response: Response): Promise<void> {
    const { format } = parseQuery(verifyQuery, query);
    response.vary('Accept');
    if (formatOf(request, ['json', 'ndjson'], format) === 'ndjson')
      return sendLines(response, this.streams, 'application/x-ndjson; charset=utf-8', (signal) =>
        this.steps(signal),
      );
    const { signal, done } = this.streams.signalFor(response);
    try {
      if (request.method === 'HEAD') return void response.end();
      response.json(answerOf(await this.verified(signal)));
    } catch (error) {
      if (!signal.aborted) throw error;
      response.destroy();
    } finally {
      done();
    }
  }

  private verified(signal: AbortSignal, onProgress?: (step: RebuildProgress) => void): Promise<Verification> {
    if (!this.deps.verify) throw new SpoorError('not_found', 'This process has no read models.');
    return this.deps.verify({ signal, ...(onProgress ? { onProgress } : {}) });
  }

  /** The newest step about once a second, and the answer in the end. */
  private async *steps(signal: AbortSignal): AsyncGenerator<string> {
    let step: RebuildProgress | null = null;
    let answer: Verification | null = null;
    const working = this.verified(signal, (one) => (step = one)).then((found) => void (answer = found));
    // Who has gone does not hear of it.
    working.catch(() => undefined);
    while (answer === null) {
      const tick = new AbortController();
      const second = sleep(STEP_MS, undefined, { signal: tick.signal }).catch(() => undefined);
      await Promise.race([working, second]).finally(() => tick.abort());
      if (answer === null && step !== null) yield `${JSON.stringify({ progress: step })}\n`;
    }
    yield `${JSON.stringify({ verification: answerOf(answer) })}\n`;
  }
}

const STEP_MS = 1000;

const answerOf = (found: Verification): Verification & { holds: boolean } => ({
  ...{ holds: found.differing === 0, ...found },
});
