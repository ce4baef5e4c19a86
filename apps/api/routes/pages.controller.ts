import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { outcomeAt, pageAttempts } from '#libs/engine';
import type { PageRow } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { parseQuery } from '../http/parse.js';
import { Describe } from '../schemas/openapi.js';
import { evidenceQuery, noQuery, pagesQuery } from '../schemas/queries.js';
import { JobViews } from './job-views.js';
import { sendBody } from './stored-body.js';

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
    access: { scope: 'jobs:read', job: 'path' },
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
  @Describe({
    access: { scope: 'jobs:read', job: 'path' },
    summary: 'A page with its evidence, its attempts, and where its body is',
    params: ['id', 'pageId'],
    query: noQuery,
    answer: 'Page',
  })
  async page(@Param('id') id: string, @Param('pageId') pageId: string, @Query() query: unknown) {
    parseQuery(noQuery, query);
    await this.views.state(id);
    const page = await this.known(id, pageId);
    const [{ rows }, history] = await Promise.all([
      this.deps.readModels.evidence(id, { pageId }, EVIDENCE_OF_PAGE),
      pageAttempts(this.deps.eventLog, page, page.seq),
    ]);
    const self = `/api/jobs/${id}/pages/${page.id}`;
    const links = { self, job: `/api/jobs/${id}`, ...(page.bodySha256 ? { body: `${self}/body` } : {}) };
    return { ...page, evidence: rows, ...history, links };
  }

  @Get('pages/:pageId/body')
  @Describe({
    access: { scope: 'jobs:read', job: 'path' },
    summary: 'The body of the response, decoded, as a file to keep',
    params: ['id', 'pageId'],
    query: noQuery,
    answer: 'binary',
  })
  async body(
    @Param('id') id: string,
    @Param('pageId') pageId: string,
    @Query() query: unknown,
    @Res() response: Response,
  ): Promise<void> {
    parseQuery(noQuery, query);
    const { spec } = await this.views.state(id);
    const page = await this.known(id, pageId);
    const event = page.bodySha256 === null ? null : await outcomeAt(this.deps.eventLog, id, page.seq);
    const body = event?.type === 'PageFetched' ? event.data.body : undefined;
    const stored = body && (await this.deps.bodies?.get(id, body.sha256));
    if (!body || !stored)
      throw new SpoorError('not_found', `No body is stored of page ${page.id}.`, {
        hint: 'Which bodies are kept is for the job to say: bodies: all, failed or none.',
      });
    await sendBody(response, stored, body, spec.limits.maxBodyBytes);
  }

  /** @throws SpoorError not_found */
  private async known(id: string, pageId: string): Promise<PageRow> {
    const page = UUID.test(pageId) ? await this.deps.readModels.page(id, pageId) : null;
    if (page) return page;
    throw new SpoorError('not_found', `Job ${id} has no page ${pageId.slice(0, 60)}.`);
  }

  @Get('evidence')
  @Describe({
    access: { scope: 'jobs:read', job: 'path' },
    summary: 'Evidence',
    params: ['id'],
    query: evidenceQuery,
    answer: 'EvidencePage',
  })
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
