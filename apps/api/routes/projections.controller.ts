import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { parseQuery } from '../http/parse.js';
import { Describe } from '../schemas/openapi.js';
import { noQuery } from '../schemas/queries.js';

@ApiTags('projections')
@Controller('api/projections')
export class ProjectionsController {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  @Get()
  @Describe({
    summary: 'How far the read models of each shard are, and the jobs whose events wait, with the reason',
    query: noQuery,
    answer: 'Projections',
  })
  async list(@Query() query: unknown) {
    parseQuery(noQuery, query);
    const shards = Array.from({ length: this.deps.config.shards }, (_, shard) => shard);
    return { items: await Promise.all(shards.map((shard) => this.deps.projection(shard))) };
  }
}
