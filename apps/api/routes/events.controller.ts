import { Controller, Get, Headers, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { shardOf } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { Asking, type Caller } from '../http/caller.js';
import { formatOf } from '../http/formats.js';
import { OpenStreams } from '../http/open-streams.js';
import { parseQuery } from '../http/parse.js';
import { sendEvents } from '../http/send-events.js';
import { sendLines } from '../http/send-lines.js';
import { Describe } from '../schemas/openapi.js';
import { allEventsQuery, eventsQuery } from '../schemas/queries.js';
import { eventLines, eventsPage, type ReadEvents } from './event-pages.js';
import { eventsSeenBy } from './own-events.js';
import { JobViews } from './job-views.js';

const STREAMS = ['application/x-ndjson', 'text/event-stream'];
const LAST_EVENT_ID = {
  name: 'Last-Event-ID',
  description: 'Sequence of the last event seen; a live stream goes on behind it, whatever `from` says.',
};

interface Wanted {
  from?: number | 'new' | undefined;
  limit: number;
  format?: 'json' | 'ndjson' | 'sse' | undefined;
  bulk?: boolean | undefined;
}

@ApiTags('events')
@Controller('api')
export class EventsController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(JobViews) private readonly views: JobViews,
    @Inject(OpenStreams) private readonly streams: OpenStreams,
  ) {}

  @Get('jobs/:id/events')
  @Describe({
    access: { scope: 'jobs:read', job: 'path' },
    summary: "A job's events: a page as JSON, all as NDJSON, live from any sequence as server-sent events",
    params: ['id'],
    query: eventsQuery,
    answer: 'Events',
    streams: STREAMS,
    headers: [LAST_EVENT_ID],
  })
  async ofJob(
    @Param('id') id: string,
    @Query() query: unknown,
    @Headers('last-event-id') lastId: string | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const wanted = parseQuery(eventsQuery, query);
    await this.views.state(id);
    const { bulk = true } = wanted;
    const read: ReadEvents = (options) => this.deps.eventLog.readJob(id, { ...options, bulk });
    return this.send(request, response, wanted, lastId, shardOf(id), read);
  }

  @Get('events')
  @Describe({
    access: { scope: 'jobs:read' },
    summary: 'Events of all jobs of a shard that the caller may see, likewise',
    query: allEventsQuery,
    answer: 'Events',
    streams: STREAMS,
    headers: [LAST_EVENT_ID],
  })
  async ofAll(
    @Query() query: unknown,
    @Headers('last-event-id') lastId: string | undefined,
    @Req() request: Request,
    @Res() response: Response,
    @Asking() caller: Caller,
  ): Promise<void> {
    const { shard, ...wanted } = parseQuery(allEventsQuery, query);
    if (shard >= this.deps.config.shards) {
      throw new SpoorError('invalid_request', `shard: there are ${this.deps.config.shards}, counted from 0`, {
        field: 'shard',
      });
    }
    const { bulk = true } = wanted;
    const all: ReadEvents = (options) => this.deps.eventLog.readShard(shard, { ...options, bulk });
    const read = eventsSeenBy(caller, all, (jobId) => this.deps.jobs.state(jobId));
    return this.send(request, response, wanted, lastId, shard, read);
  }

  private async send(
    request: Request,
    response: Response,
    { from, limit, format }: Wanted,
    lastId: string | undefined,
    shard: number,
    read: ReadEvents,
  ): Promise<void> {
    const kind = formatOf(request, ['json', 'ndjson', 'sse'], format);
    const behind = kind === 'sse' ? afterLastId(lastId) : undefined;
    const fromSeq =
      behind ?? (from === 'new' ? (await this.deps.eventLog.head(shard)).lastSeq + 1 : (from ?? 1));
    response.vary('Accept');
    switch (kind) {
      case 'json':
        return void response.json(await eventsPage(read, Math.max(1, fromSeq), limit));
      case 'ndjson':
        return sendLines(response, this.streams, 'application/x-ndjson; charset=utf-8', (signal) =>
          eventLines(read, Math.max(1, fromSeq), signal),
        );
      case 'sse':
        return sendEvents(response, this.streams, this.deps.config.heartbeatMs ?? 15_000, (signal) =>
          read({ fromSeq: Math.max(1, fromSeq), follow: true, signal, maxBatch: 100 }),
        );
    }
  }
}

/** What a browser sends when it reconnects; the address it asks for is still the first one. */
function afterLastId(header: string | undefined): number | undefined {
  if (header === undefined || header === '') return undefined;
  if (!/^\d{1,15}$/.test(header)) {
    throw new SpoorError('invalid_request', 'Last-Event-ID: must be a sequence', { field: 'Last-Event-ID' });
  }
  return Number(header) + 1;
}
