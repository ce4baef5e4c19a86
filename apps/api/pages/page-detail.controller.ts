import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { outcomeAt, pageAttempts } from '#libs/engine';
import { SpoorError } from '#libs/failures';
import { pageDetail } from '#libs/pages';
import type { PageRow } from '#libs/engine/ports';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { Needs } from '../http/access.js';
import { JobViews } from '../routes/job-views.js';
import { shownAs, showBody } from './body-view.js';
import { soon } from '../http/log-patience.js';
import { PageShells, sendPage } from './page-shells.js';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const EVIDENCE_OF_PAGE = 100;
const ITEMS_SHOWN = 50;
const READS = { scope: 'jobs:read', job: 'path' } as const;

@ApiExcludeController()
@Controller('sessions/:id/pages/:pageId')
export class PageDetailController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(PageShells) private readonly shells: PageShells,
    @Inject(JobViews) private readonly views: JobViews,
  ) {}

  @Get()
  @Needs(READS)
  async detail(
    @Param('id') id: string,
    @Param('pageId') pageId: string,
    @Query('shown') shown: unknown,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const state = await soon(this.views.state(id));
    const page = await this.known(id, pageId);
    const { readModels, eventLog } = this.deps;
    const [{ rows: evidence }, history, { rows: items }] = await Promise.all([
      readModels.evidence(id, { pageId }, EVIDENCE_OF_PAGE),
      pageAttempts(eventLog, page, page.seq),
      readModels.items(id, { pageId }, ITEMS_SHOWN),
    ]);
    const isKept = page.bodySha256 !== null;
    const view = {
      ...{ jobId: id, jobName: state.spec.name ?? null, page, evidence, items, ...history },
      body: { isKept, view: isKept ? shownAs(page.contentType) : ('none' as const) },
      shown: shown === 'source' ? ('source' as const) : ('page' as const),
      mayRetry: state.status !== 'removed',
    };
    sendPage(response, pageDetail(this.shells.for(request, response), view));
  }

  /** For the frame of the page above; wherever else it is opened it may do as little. */
  @Get('body')
  @Needs(READS)
  async body(
    @Param('id') id: string,
    @Param('pageId') pageId: string,
    @Query('as') as: unknown,
    @Res() response: Response,
  ): Promise<void> {
    const { spec } = await soon(this.views.state(id));
    const page = await this.known(id, pageId);
    const event = page.bodySha256 === null ? null : await outcomeAt(this.deps.eventLog, id, page.seq);
    const fetched = event?.type === 'PageFetched' ? event.data : undefined;
    const stored = fetched?.body && (await this.deps.bodies?.get(id, fetched.body.sha256));
    if (!fetched?.body || !stored) throw new SpoorError('not_found', `No body is stored of page ${page.id}.`);
    const { body, charset } = fetched;
    await showBody(response, stored, body, {
      asSource: as === 'source',
      charset,
      maxBytes: spec.limits.maxBodyBytes,
    });
  }

  /** @throws SpoorError not_found */
  private async known(id: string, pageId: string): Promise<PageRow> {
    const page = UUID.test(pageId) ? await this.deps.readModels.page(id, pageId) : null;
    if (page) return page;
    throw new SpoorError('not_found', 'There is no such page in this session.');
  }
}
