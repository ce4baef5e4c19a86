import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  Req,
  Res,
  UseFilters,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { ApiKey } from '#libs/accounts';
import type { BatchCall } from '#libs/engine/scrape';
import { API_DEPS, SCRAPE_DEPS, type ApiDeps, type ScrapeApi } from '../deps.js';
import { callerWith, setCaller } from '../http/caller.js';
import { checkKey, IDEMPOTENCY, startIdsOf } from '../http/idempotency.js';
import { afterLastId, LAST_EVENT_ID } from '../http/last-event-id.js';
import { OpenStreams } from '../http/open-streams.js';
import { parseQuery } from '../http/parse.js';
import { sendFrames } from '../http/send-events.js';
import { Describe } from '../schemas/openapi.js';
import { batchQuery, noQuery } from '../schemas/queries.js';
import { batchView, newsFrame, resultView } from './batch-views.js';
import { bodyOf, tellLimit } from './scrape-call.js';
import { ScrapeErrorFilter } from './scrape-error-filter.js';

const KEY = {
  name: 'X-API-Key',
  description: 'A key made by `spoor key create`. Payments are for single scrapes.',
};

/** Up to a hundred URLs in, a job of them at once, each one’s content or exact error when it is there. */
@ApiTags('scrape')
@Controller('api/v1/scrape/batch')
@UseFilters(ScrapeErrorFilter)
export class BatchController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(SCRAPE_DEPS) private readonly scrapes: ScrapeApi,
    @Inject(OpenStreams) private readonly streams: OpenStreams,
  ) {}

  @Post()
  @HttpCode(202)
  @Describe({
    access: { scope: 'own' },
    summary: 'Scrape up to 100 URLs: answers at once, results are read by the id',
    ...{
      body: 'ScrapeBatch',
      status: 202,
      answer: 'ScrapeBatchAnswer',
      error: 'ScrapeError',
      query: noQuery,
    },
    headers: [KEY, IDEMPOTENCY],
  })
  async start(
    @Body() body: unknown,
    @Query() query: unknown,
    @Headers('idempotency-key') header: string | undefined,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    parseQuery(noQuery, query);
    const repeat = checkKey(header);
    const ids: BatchCall['ids'] = (keyId) =>
      startIdsOf(repeat && `batch ${repeat}`, request, { keyId }, this.deps.config.shards);
    const call = { ...asked(request), body: bodyOf(body), ids };
    const view = await this.scrapes.batches.start(call, (verdict) => tellLimit(response, verdict));
    return batchView(view);
  }

  @Get(':batchId')
  @Describe({
    access: { scope: 'own' },
    summary: 'Where a batch stands, with the results that there are; up to 8 MiB of content, then `next`',
    ...{ params: ['batchId'], query: batchQuery, answer: 'ScrapeBatchResults', error: 'ScrapeError' },
    headers: [KEY],
  })
  async results(@Param('batchId') batchId: string, @Query() query: unknown, @Req() request: Request) {
    const { from } = parseQuery(batchQuery, query);
    const key = await this.scrapes.batches.keyOf(asked(request));
    const view = await this.scrapes.batches.look(batchId, key);
    const { results, next } = await this.scrapes.batches.results(view, from);
    return { ...batchView(view), results: results.map((result) => resultView(result, view.fold)), next };
  }

  @Get(':batchId/events')
  @Describe({
    access: { scope: 'own' },
    summary:
      'Progress of a batch as server-sent events until it is over: `results` without content, and `status`; 204 when there is nothing more',
    ...{ params: ['batchId'], query: noQuery, answer: 'ScrapeBatchAnswer', error: 'ScrapeError' },
    streams: ['text/event-stream'],
    headers: [KEY, LAST_EVENT_ID],
  })
  async events(
    @Param('batchId') batchId: string,
    @Query() query: unknown,
    @Headers('last-event-id') lastId: string | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    parseQuery(noQuery, query);
    const { batches } = this.scrapes;
    const behind = (afterLastId(lastId) ?? 1) - 1;
    const key = await batches.keyOf(asked(request));
    const { fold } = await batches.look(batchId, key);
    // A browser comes back for ever to a stream that ends, but for this answer.
    if (fold.isOver && behind >= fold.statusSeq) return void response.status(204).end();
    this.holdToKey(request, key);
    return sendFrames(response, this.streams, this.deps.config.heartbeatMs ?? 15_000, (signal) =>
      framesOf(batches.follow(batchId, key, behind, signal)),
    );
  }

  /** The stream ends with the key. */
  private holdToKey(request: Request, key: ApiKey): void {
    const { apiKey } = asked(request);
    setCaller(
      request,
      callerWith(key, async () => apiKey !== undefined && (await this.scrapes.findKey(apiKey)) !== null),
    );
  }
}

const asked = (request: Request) => ({ apiKey: request.get('x-api-key'), address: request.ip ?? '' });

async function* framesOf(news: ReturnType<ScrapeApi['batches']['follow']>): AsyncGenerator<string> {
  for await (const one of news) yield newsFrame(one);
}
