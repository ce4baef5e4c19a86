import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { itemsPage, overviewPage, pagesPage, stateAtPage, timelinePage, type PagesQuery } from '#libs/pages';
import { SpoorError } from '#libs/failures';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { Needs } from '../http/access.js';
import { checkJobId, parseQuery } from '../http/parse.js';
import { pagesQuery } from '../schemas/queries.js';
import { DID, isDid } from './did.js';
import { withoutBlanks, type Fields } from './fields.js';
import { soon } from '../http/log-patience.js';
import { PageShells, sendPage } from './page-shells.js';
import { retryAddress } from './retry-filter.js';
import { SessionFacts } from './session-facts.js';
import { timelineQuery, TimelineReader } from './timeline-reader.js';

const ON_A_PAGE = 50;
const READS = { scope: 'jobs:read', job: 'path' } as const;
const itemsQuery = z.strictObject({
  stage: z.string().max(64).optional(),
  cursor: z.string().max(500).optional(),
});

/** The pages of one session. */
@ApiExcludeController()
@Controller('sessions/:id')
export class SessionPageController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(PageShells) private readonly shells: PageShells,
    @Inject(SessionFacts) private readonly facts: SessionFacts,
    @Inject(TimelineReader) private readonly timelines: TimelineReader,
  ) {}

  @Get()
  @Needs(READS)
  async overview(
    @Param('id') id: string,
    @Query('did') did: unknown,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const view = await this.facts.overview(await this.facts.known(id));
    const notice = isDid(did) ? DID[did] : undefined;
    sendPage(response, overviewPage(this.shells.for(request, response), { ...view, notice }));
  }

  @Get('timeline')
  @Needs(READS)
  async timeline(
    @Param('id') id: string,
    @Query() query: Fields,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const wanted = parseQuery(timelineQuery, withoutBlanks(query));
    const { head, seq } = await this.facts.known(id);
    const found = await this.timelines.read(checkJobId(id), wanted);
    const isAtEnd = wanted.seq === undefined && wanted.before === undefined;
    const live = isAtEnd ? `/sessions/${id}/live?from=${seq + 1}` : undefined;
    const view = { head, filter: wanted.show, seq: wanted.seq, live, ...found };
    sendPage(response, timelinePage(this.shells.for(request, response), view));
  }

  @Get('pages')
  @Needs(READS)
  async pages(
    @Param('id') id: string,
    @Query() query: Fields,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const given = withoutBlanks(query) as PagesQuery;
    const { state, head } = await this.facts.known(id);
    const stages = state.spec.stages.map(({ name }) => name);
    const retry = retryAddress(id, given);
    const list = await this.list(id, given).catch((error: unknown) => {
      if (error instanceof SpoorError && error.code === 'invalid_request')
        return { rows: [], skipped: null, next: null, problem: error.message };
      throw error;
    });
    const view = { head, query: given, stages, retry, ...list };
    sendPage(response, pagesPage(this.shells.for(request, response), view), list.problem ? 400 : 200);
  }

  private async list(id: string, { outcome, cursor, ...rest }: PagesQuery) {
    if (outcome === 'skipped') {
      const { rows: skipped, next } = await this.deps.readModels.skipped(id, {}, ON_A_PAGE, cursor);
      return { rows: [], skipped, next, problem: null };
    }
    const {
      limit: _,
      cursor: at,
      ...filter
    } = parseQuery(pagesQuery, withoutBlanks({ outcome, cursor, ...rest }));
    const { rows, next } = await this.deps.readModels.pages(id, filter, ON_A_PAGE, at);
    return { rows, skipped: null, next, problem: null };
  }

  @Get('items')
  @Needs(READS)
  async items(
    @Param('id') id: string,
    @Query() query: Fields,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { stage, cursor } = parseQuery(itemsQuery, withoutBlanks(query));
    const { state, head } = await this.facts.known(id);
    const filter = stage === undefined ? {} : { stage };
    const { rows, next } = await this.deps.readModels.items(id, filter, ON_A_PAGE, cursor);
    const stages = state.spec.stages
      .filter(({ fields }) => Object.keys(fields).length > 0)
      .map(({ name }) => name);
    const view = { head, rows, next, query: { stage, cursor }, stages };
    sendPage(response, itemsPage(this.shells.for(request, response), view));
  }

  @Get('at/:seq')
  @Needs(READS)
  async at(
    @Param('id') id: string,
    @Param('seq') seq: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    if (!/^\d{1,15}$/.test(seq))
      throw new SpoorError('invalid_request', 'seq: must be the sequence of an event', { field: 'seq' });
    await soon(this.deps.jobs.state(checkJobId(id)));
    const state = await this.deps.histories.at(id, { seq: Number(seq) });
    sendPage(response, stateAtPage(this.shells.for(request, response), state));
  }
}
