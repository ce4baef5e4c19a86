import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { JobSpec } from '#libs/events';
import type { ItemFilter, ItemRow } from '#libs/engine/ports';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { csvLine } from '../http/csv.js';
import { formatOf } from '../http/formats.js';
import { OpenStreams } from '../http/open-streams.js';
import { parseQuery } from '../http/parse.js';
import { sendLines } from '../http/send-lines.js';
import { Describe } from '../schemas/openapi.js';
import { itemsQuery } from '../schemas/queries.js';
import { JobViews } from './job-views.js';

const STREAM_PAGE = 500;

/** Names of the fields that hold one value each, over all stages, in the order of the spec. */
export function scalarFields(spec: JobSpec, stage: string | undefined): string[] {
  const stages = spec.stages.filter(({ name }) => stage === undefined || name === stage);
  const names = stages.flatMap(({ fields }) =>
    Object.entries(fields)
      .filter(([, rule]) => rule.list !== true && rule.fields === undefined)
      .map(([name]) => name),
  );
  return [...new Set(names)];
}

@ApiTags('results')
@Controller('api/jobs/:id/items')
export class ItemsController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(JobViews) private readonly views: JobViews,
    @Inject(OpenStreams) private readonly streams: OpenStreams,
  ) {}

  @Get()
  @Describe({
    access: { scope: 'jobs:read', job: 'path' },
    summary: 'Extracted items: a page of them as JSON, all of them as NDJSON or CSV',
    params: ['id'],
    query: itemsQuery,
    answer: 'Items',
    streams: ['application/x-ndjson', 'text/csv'],
  })
  async items(
    @Param('id') id: string,
    @Query() query: unknown,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { limit, cursor, format, stage, version } = parseQuery(itemsQuery, query);
    const { spec } = await this.views.state(id);
    const filter = {
      ...(stage === undefined ? {} : { stage }),
      ...(version === undefined ? {} : { version }),
    };
    response.vary('Accept');
    switch (formatOf(request, ['json', 'ndjson', 'csv'], format)) {
      case 'json': {
        const { rows, next } = await this.deps.readModels.items(id, filter, limit, cursor);
        return void response.json({ items: rows, next });
      }
      case 'ndjson':
        return sendLines(response, this.streams, 'application/x-ndjson; charset=utf-8', (signal) =>
          this.asJson(id, filter, signal),
        );
      case 'csv':
        response.setHeader('content-disposition', `attachment; filename="${id}-items.csv"`);
        return sendLines(response, this.streams, 'text/csv; charset=utf-8; header=present', (signal) =>
          this.asCsv(id, filter, scalarFields(spec, stage), signal),
        );
    }
  }

  private async *all(id: string, filter: ItemFilter, signal: AbortSignal): AsyncGenerator<ItemRow> {
    let cursor: string | undefined;
    do {
      const { rows, next } = await this.deps.readModels.items(id, filter, STREAM_PAGE, cursor);
      yield* rows;
      cursor = next ?? undefined;
    } while (cursor !== undefined && !signal.aborted);
  }

  private async *asJson(id: string, filter: ItemFilter, signal: AbortSignal): AsyncGenerator<string> {
    for await (const item of this.all(id, filter, signal)) yield `${JSON.stringify(item)}\n`;
  }

  private async *asCsv(
    id: string,
    filter: ItemFilter,
    fields: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    // The columns come from the spec, so one pass is enough; names of our own begin with an underscore.
    yield csvLine(['_url', '_stage', '_index', ...fields]);
    for await (const { url, stage, index, data } of this.all(id, filter, signal)) {
      yield csvLine([url, stage, index, ...fields.map((field) => data[field])]);
    }
  }
}
