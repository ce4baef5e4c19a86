import { createHash, randomUUID } from 'node:crypto';
import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { SpoorError } from '#libs/failures';
import { BLANK, sessionsPage, startPage, type SessionLine, type StartInput } from '#libs/pages';
import type { JobRow } from '#libs/engine/ports';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { Needs } from '../http/access.js';
import { Asking, ownedBy, ownerFor, type Caller } from '../http/caller.js';
import { startIdsOf } from '../http/idempotency.js';
import { checkJobId, parseQuery } from '../http/parse.js';
import { refuseForeignSecrets } from '../http/secret-refs.js';
import { JobViews } from '../routes/job-views.js';
import { LiveProgress } from '../routes/live-progress.js';
import { jobsQuery } from '../schemas/queries.js';
import { withoutBlanks, type Fields } from './fields.js';
import { soon } from '../http/log-patience.js';
import { PageShells, sendPage } from './page-shells.js';
import { proxyWords } from './session-facts.js';
import { specOf } from './start-spec.js';

const ON_A_PAGE = 50;
/** A spec with more start URLs than that is no text for a form. */
const START_SHOWN = 1000;

@ApiExcludeController()
@Controller('sessions')
export class SessionsPagesController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(PageShells) private readonly shells: PageShells,
    @Inject(LiveProgress) private readonly progress: LiveProgress,
    @Inject(JobViews) private readonly views: JobViews,
  ) {}

  @Get()
  @Needs({ scope: 'jobs:read' })
  async list(
    @Query() query: Fields,
    @Req() request: Request,
    @Res() response: Response,
    @Asking() caller: Caller,
  ): Promise<void> {
    const { cursor, limit: _, ...filter } = parseQuery(jobsQuery, withoutBlanks(query));
    const wanted = { ...filter, ...ownedBy(caller) };
    const { rows, next } = await this.deps.readModels.jobs(wanted, ON_A_PAGE, cursor);
    const view = { lines: rows.map((row) => this.line(row)), next, query: { ...filter, cursor } };
    sendPage(response, sessionsPage(this.shells.for(request, response), view));
  }

  @Get('new')
  @Needs({ scope: 'jobs:write' })
  blank(@Req() request: Request, @Res() response: Response): void {
    sendPage(
      response,
      startPage(this.shells.for(request, response), { input: BLANK, issues: [], once: randomUUID() }),
    );
  }

  /** The form with what another session was told. */
  @Get(':id/again')
  @Needs({ scope: 'jobs:write', job: 'path' })
  async again(@Param('id') id: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    const { spec } = await this.views.state(id);
    const decisions = await soon(this.deps.eventLog.readDecisions(checkJobId(id)));
    const start = decisions.flatMap((event) => (event.type === 'JobStarted' ? event.data.start : []));
    const tooMany = start.length > START_SHOWN;
    const text = JSON.stringify({ ...spec, ...(tooMany ? {} : { start }) }, null, 2);
    const issues = tooMany
      ? [
          {
            field: 'start',
            message: `${start.length} start URLs are too many for a form: start it by the API or the command line`,
          },
        ]
      : [];
    const input: StartInput = { ...BLANK, mode: 'spec', spec: text };
    const view = { input, issues, once: randomUUID(), again: { jobId: id, name: spec.name ?? null } };
    sendPage(response, startPage(this.shells.for(request, response), view));
  }

  @Post()
  @Needs({ scope: 'jobs:write' })
  async start(
    @Body() body: Fields,
    @Req() request: Request,
    @Res() response: Response,
    @Asking() caller: Caller,
  ): Promise<void> {
    const input = inputOf(body);
    try {
      // The same form sent twice starts one session.
      const once = createHash('sha256')
        .update(JSON.stringify([body['once'], input]))
        .digest('hex');
      const ids = body['once'] ? startIdsOf(once, request, caller, this.deps.config.shards) : {};
      const spec = specOf(input);
      // In a form the spec is a text, into which the guard of all routes does not look.
      if (!caller.isAdmin) refuseForeignSecrets(spec);
      const { jobId } = await this.deps.jobs.start(spec, { ...ids, ...ownerFor(caller) });
      response.redirect(303, `/sessions/${jobId}?did=start`);
    } catch (error) {
      if (!(error instanceof SpoorError) || error.code !== 'invalid_request') throw error;
      const { field = '', issues = [{ field, message: error.message }] } = error.details;
      const view = { input, issues, once: randomUUID(), hint: error.details.hint };
      sendPage(response, startPage(this.shells.for(request, response), view), 400);
    }
  }

  private line(row: JobRow): SessionLine {
    const { jobId, name, status, fetched, failed, skipped, lastError, createdAt } = row;
    const live = status === 'running' ? this.progress.of(jobId) : null;
    const done = fetched + failed + skipped;
    const known = live?.discovered ?? rangeOf(row);
    const perMinute = live ? (this.progress.rates(jobId)?.pages ?? null) : null;
    const secondsLeft = live && perMinute ? Math.ceil(((live.discovered - done) * 60) / perMinute) : null;
    return {
      ...{ jobId, name, status, failed, lastError, perMinute, createdAt },
      done: Math.max(done, live ? live.fetched + live.failed + live.skipped : 0),
      known: known !== null && known >= done ? known : null,
      secondsLeft: secondsLeft !== null && secondsLeft > 0 ? secondsLeft : null,
      proxy: proxyWords(row.spec),
    };
  }
}

const rangeOf = ({ spec: { pages, stages } }: JobRow): number | null =>
  pages && stages.length <= 1 ? pages.to - pages.from + 1 : null;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const inputOf = (body: Fields): StartInput => ({
  mode: body['mode'] === 'spec' ? 'spec' : 'url',
  ...{ url: text(body['url']).trim(), name: text(body['name']).trim(), spec: text(body['spec']) },
  ...{ maxPages: text(body['maxPages']).trim(), maxDepth: text(body['maxDepth']).trim() },
});
