import { setTimeout as wait } from 'node:timers/promises';
import { Controller, Get, Headers, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { Needs } from '../http/access.js';
import { OpenStreams } from '../http/open-streams.js';
import { checkJobId } from '../http/parse.js';
import { sendFrames } from '../http/send-events.js';
import { afterLastId } from '../http/last-event-id.js';
import { JobViews } from '../routes/job-views.js';
import { LiveProgress } from '../routes/live-progress.js';

/** What comes together is told together. */
const TOGETHER_MS = 300;
const TICK_MS = 2000;

/**
 * Says that there is something new, and up to which event; the browser then reads its page anew. Whole events would be a hundred times as
 * much, and every page would need a program that turns them into what the server has drawn already.
 */
@ApiExcludeController()
@Controller('sessions')
export class LiveController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(OpenStreams) private readonly streams: OpenStreams,
    @Inject(LiveProgress) private readonly progress: LiveProgress,
    @Inject(JobViews) private readonly views: JobViews,
  ) {}

  /** Something changed in some session, or is about to. */
  @Get('live')
  @Needs({ scope: 'jobs:read' })
  ofAll(@Res() response: Response): Promise<void> {
    return sendFrames(response, this.streams, this.heartbeatMs, (signal) => this.ticks(signal));
  }

  @Get(':id/live')
  @Needs({ scope: 'jobs:read', job: 'path' })
  async ofOne(
    @Param('id') id: string,
    @Query('from') from: unknown,
    @Headers('last-event-id') lastId: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    await this.views.state(checkJobId(id));
    const fromSeq =
      afterLastId(lastId) ?? (typeof from === 'string' && /^\d{1,15}$/.test(from) ? Number(from) : 1);
    const { eventLog } = this.deps;
    return sendFrames(response, this.streams, this.heartbeatMs, async function* (signal) {
      const options = {
        fromSeq: Math.max(1, fromSeq),
        follow: true,
        bulk: false,
        everyMs: TOGETHER_MS,
        signal,
      };
      for await (const { entries } of eventLog.readJob(id, options)) {
        const last = entries.at(-1);
        if (last) yield `id: ${last.seq}\nevent: change\ndata: ${entries.length}\n\n`;
      }
    });
  }

  private get heartbeatMs(): number {
    return this.deps.config.heartbeatMs ?? 15_000;
  }

  /** At every decision at once, and every two seconds while something runs. */
  private async *ticks(signal: AbortSignal): AsyncGenerator<string> {
    const { eventLog, config } = this.deps;
    let isNew = false;
    let wake: () => void = () => undefined;
    const watching = Array.from({ length: config.shards }, async (_, shard) => {
      for await (const _decision of eventLog.watchDecisions(shard, signal)) {
        isNew = true;
        wake();
      }
    });
    // A store that is away is told by the page itself, at its next look.
    const watched = Promise.allSettled(watching);
    while (!signal.aborted) {
      if (isNew || this.progress.isAnythingRunning) yield 'event: change\ndata: 0\n\n';
      isNew = false;
      const decided = new Promise<void>((resolve) => (wake = resolve));
      await Promise.race([decided, wait(TICK_MS, undefined, { signal }).catch(() => undefined)]);
      await wait(TOGETHER_MS, undefined, { signal }).catch(() => undefined);
    }
    await watched;
  }
}
