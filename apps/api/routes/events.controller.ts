import { Controller, Get, Headers, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { shardOf } from '#libs/events';
import {
  eventsOfJob,
  parseEventTypes,
  parseMoment,
  sequencesBetween,
  wantedBy,
  type EventFilter,
  type ReadEvents,
} from '#libs/engine';
import { SpoorError } from '#libs/failures';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { Asking, type Caller } from '../http/caller.js';
import { formatOf } from '../http/formats.js';
import { afterLastId, LAST_EVENT_ID } from '../http/last-event-id.js';
import { OpenStreams } from '../http/open-streams.js';
import { parseQuery } from '../http/parse.js';
import { sendEvents } from '../http/send-events.js';
import { sendLines } from '../http/send-lines.js';
import { Describe } from '../schemas/openapi.js';
import { allEventsQuery, eventsQuery } from '../schemas/queries.js';
import { eventLines, eventsFollowed, eventsPage, type WantedEvents } from './event-pages.js';
import { eventsSeenBy } from './own-events.js';
import { JobViews } from './job-views.js';

const STREAMS = ['application/x-ndjson', 'text/event-stream'];

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
    summary:
      "A job's events, all or those of some types, a host, a time: a page as JSON, all as NDJSON, live as server-sent events",
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
    const { types } = filterOf(wanted);
    return this.send(
      request,
      response,
      wanted,
      lastId,
      shardOf(id),
      eventsOfJob(this.deps.eventLog, id, { types }),
    );
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
    const all: ReadEvents = (options) => this.deps.eventLog.readShard(shard, options);
    const read = eventsSeenBy(caller, all, (jobId) => this.deps.jobs.state(jobId));
    return this.send(request, response, wanted, lastId, shard, read);
  }

  private async send(
    request: Request,
    response: Response,
    query: z.output<typeof eventsQuery>,
    lastId: string | undefined,
    shard: number,
    readAll: ReadEvents,
  ): Promise<void> {
    const { limit, format, reverse = false, bulk = true } = query;
    const kind = formatOf(request, ['json', 'ndjson', 'sse'], format);
    if (kind === 'sse' && reverse) throw liveBackwards();
    const wanted: WantedEvents = {
      read: (options) => readAll({ ...options, bulk }),
      ...{ wants: wantedBy(filterOf(query)), reverse },
      ...(await this.range(query, shard, kind === 'sse' ? afterLastId(lastId) : undefined)),
    };
    response.vary('Accept');
    switch (kind) {
      case 'json': {
        const { signal, done } = this.streams.signalFor(response);
        const page = await eventsPage(wanted, limit ?? PAGE, signal).finally(done);
        return void response.json(page);
      }
      case 'ndjson':
        return sendLines(response, this.streams, 'application/x-ndjson; charset=utf-8', (signal) =>
          eventLines(wanted, limit, signal),
        );
      case 'sse':
        return sendEvents(response, this.streams, this.deps.config.heartbeatMs ?? 15_000, (signal) =>
          eventsFollowed(wanted, limit, signal),
        );
    }
  }

  /** @throws SpoorError invalid_request with the field `from` or `to` */
  private async range(
    { from, to }: Pick<z.output<typeof eventsQuery>, 'from' | 'to'>,
    shard: number,
    behind: number | undefined,
  ): Promise<Pick<WantedEvents, 'head' | 'fromSeq' | 'toSeq'>> {
    const { eventLog } = this.deps;
    const now = Date.now();
    const moments = {
      from: from === undefined || from === 'new' ? undefined : parseMoment(from, 'from', now),
      to: to === undefined ? undefined : parseMoment(to, 'to', now),
    };
    const head = await eventLog.head(shard);
    const found = await sequencesBetween(eventLog, shard, moments);
    const fromSeq = behind ?? (from === 'new' ? head.lastSeq + 1 : (found.fromSeq ?? 1));
    return { head, fromSeq: Math.max(1, fromSeq), toSeq: found.toSeq ?? Infinity };
  }
}

/** Events on a page of JSON when nothing is said. */
const PAGE = 100;

/** @throws SpoorError invalid_request with the field `type` */
const filterOf = ({ type, host }: Pick<z.output<typeof eventsQuery>, 'type' | 'host'>): EventFilter => ({
  types: [type ?? []].flat().flatMap((names) => parseEventTypes(names, 'type')),
  host,
});

const liveBackwards = (): SpoorError =>
  new SpoorError('invalid_request', 'reverse: a live stream goes forwards only', {
    ...{ field: 'reverse', hint: 'Ask for format=json or format=ndjson.' },
  });
