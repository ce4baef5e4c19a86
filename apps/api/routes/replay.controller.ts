import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { replayTables } from '#libs/engine';
import type { LogEntry } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { canonicalText, type ReplayPart, type TableName } from '#libs/read-models';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { OpenStreams } from '../http/open-streams.js';
import { parseQuery } from '../http/parse.js';
import { sendLines } from '../http/send-lines.js';
import { Describe } from '../schemas/openapi.js';
import { archiveQuery, differencesQuery, replayQuery } from '../schemas/queries.js';
import { JobViews } from './job-views.js';

/** All rows of a replay are in memory at once, and the api serves others meanwhile. */
const MOST_EVENTS = 10_000;

/** Each of these takes memory or room on the disk for as long as its client reads. */
const MOST_AT_ONCE = 2;

/** What a whole history gives: its rows by the code of today, how these differ from the live ones, the job as a file. */
@ApiTags('histories')
@Controller('api/jobs/:id')
export class ReplayController {
  private underWay = 0;

  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(JobViews) private readonly views: JobViews,
    @Inject(OpenStreams) private readonly streams: OpenStreams,
  ) {}

  @Get('replay')
  @Describe({
    access: { scope: 'jobs:read', job: 'path' },
    summary: `The rows that this version makes of a job's events, as NDJSON; of up to ${MOST_EVENTS} events, of more in parts`,
    params: ['id'],
    query: replayQuery,
    answer: 'ReplayedRow',
    type: 'application/x-ndjson',
  })
  async replay(@Param('id') id: string, @Query() query: unknown, @Res() response: Response): Promise<void> {
    const { to, projection, part: nth, of } = parseQuery(replayQuery, query);
    await this.views.state(id);
    return this.oneOfFew(() =>
      sendLines(response, this.streams, 'application/x-ndjson; charset=utf-8', (signal) =>
        this.rows(id, to, projection, { nth, of }, signal),
      ),
    );
  }

  @Get('differences')
  @Describe({
    access: { scope: 'jobs:read', job: 'path' },
    summary: `How a job's live rows differ from those that its events give; of up to ${MOST_EVENTS} events`,
    params: ['id'],
    query: differencesQuery,
    answer: 'RowDifferences',
  })
  async differences(@Param('id') id: string, @Query() query: unknown) {
    const { to } = parseQuery(differencesQuery, query);
    await this.views.state(id);
    const { replayAgainstLive } = this.deps;
    if (!replayAgainstLive) throw new SpoorError('not_found', 'This process has no live rows.');
    return this.oneOfFew(() => replayAgainstLive(id, { to, maxEvents: MOST_EVENTS }));
  }

  @Get('archive')
  @Describe({
    access: { scope: 'jobs:read', job: 'path' },
    summary:
      'The job as one file, which spoor job import takes: its events and, unless bodies=false, the stored bodies',
    params: ['id'],
    query: archiveQuery,
    answer: 'binary',
  })
  async archive(
    @Param('id') id: string,
    @Query() query: unknown,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { bodies: withBodies = true } = parseQuery(archiveQuery, query);
    await this.views.state(id);
    const { exportJob } = this.deps;
    if (!exportJob) throw new SpoorError('not_found', 'This process exports no job.');
    const begin = (): Response => {
      response.setHeader('content-type', 'application/gzip');
      response.setHeader('content-disposition', `attachment; filename="${id}.tar.gz"`);
      return response;
    };
    if (request.method === 'HEAD') return void begin().end();
    const { signal, done } = this.streams.signalFor(response);
    try {
      await this.oneOfFew(() => exportJob(id, { withBodies, begin, signal }));
    } catch (error) {
      // Whoever went away needs no answer.
      if (!signal.aborted) throw error;
      response.destroy();
    } finally {
      done();
    }
  }

  /** @throws SpoorError conflict when as many are under way as may be */
  private async oneOfFew<T>(work: () => Promise<T>): Promise<T> {
    if (this.underWay >= MOST_AT_ONCE)
      throw new SpoorError('conflict', `${MOST_AT_ONCE} whole histories are being read here already.`, {
        hint: 'Repeat it a little later, or use the command of the same name.',
      });
    this.underWay++;
    try {
      return await work();
    } finally {
      this.underWay--;
    }
  }

  private async *rows(
    id: string,
    to: number | undefined,
    projection: TableName | undefined,
    part: ReplayPart,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    const options = { to, part, maxEvents: MOST_EVENTS * part.of };
    const { tables } = await replayTables(this.events(id, signal), options);
    signal.throwIfAborted();
    for (const { table, row } of tables.rows(projection)) yield `${canonicalText({ table, row })}\n`;
  }

  private async *events(id: string, signal: AbortSignal): AsyncGenerator<LogEntry, void, undefined> {
    for await (const { entries } of this.deps.eventLog.readJob(id, { signal, maxBatch: 100 })) yield* entries;
  }
}
