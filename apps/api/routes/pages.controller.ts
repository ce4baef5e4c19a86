import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { SpoorError } from '#libs/failures';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { parseQuery } from '../http/parse.js';
import { Describe } from '../schemas/openapi.js';
import { evidenceQuery, noQuery, pagesQuery } from '../schemas/queries.js';
import { JobViews } from './job-views.js';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** More kinds of evidence than there are for one page. */
const EVIDENCE_OF_PAGE = 100;

@ApiTags('results')
@Controller('api/jobs/:id')
export class PagesController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(JobViews) private readonly views: JobViews,
  ) {}

  @Get('pages')
  @Describe({
    summary: 'Pages with an outcome, as recorded',
    params: ['id'],
    query: pagesQuery,
    answer: 'Pages',
  })
  async pages(@Param('id') id: string, @Query() query: unknown) {
    const { limit, cursor, ...filter } = parseQuery(pagesQuery, query);
    await this.views.state(id);
    const { rows, next } = await this.deps.readModels.pages(id, filter, limit, cursor);
    return { items: rows, next };
  }

  @Get('pages/:pageId')
  @Describe({ summary: 'A page with its evidence', params: ['id', 'pageId'], query: noQuery, answer: 'Page' })
  async page(@Param('id') id: string, @Param('pageId') pageId: string, @Query() query: unknown) {
    parseQuery(noQuery, query);
    await this.views.state(id);
    const page = UUID.test(pageId) ? await this.deps.readModels.page(id, pageId) : null;
    if (!page) throw new SpoorError('not_found', `Job ${id} has no page ${pageId.slice(0, 60)}.`);
    const { rows } = await this.deps.readModels.evidence(id, { pageId }, EVIDENCE_OF_PAGE);
    return { ...page, evidence: rows };
  }

  @Get('evidence')
  @Describe({ summary: 'Evidence', params: ['id'], query: evidenceQuery, answer: 'EvidencePage' })
  async evidence(@Param('id') id: string, @Query() query: unknown) {
    const { limit, cursor, ...filter } = parseQuery(evidenceQuery, query);
    if (filter.pageId !== undefined && !UUID.test(filter.pageId)) {
      throw new SpoorError('invalid_request', 'pageId: must be the id of a page', { field: 'pageId' });
    }
    await this.views.state(id);
    const { rows, next } = await this.deps.readModels.evidence(id, filter, limit, cursor);
    return { items: rows, next };
  }
}
