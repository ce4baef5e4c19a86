import { Body, Controller, Headers, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { Asking, ownerFor, type Caller } from '../http/caller.js';
import { checkKey, IDEMPOTENCY, startIdsOf } from '../http/idempotency.js';
import { checkJobId, parseInput, parseQuery } from '../http/parse.js';
import { forkBody } from '../schemas/history-answers.js';
import { Describe } from '../schemas/openapi.js';
import { noQuery } from '../schemas/queries.js';
import { jobLinks } from './job-views.js';

@ApiTags('jobs')
@Controller('api/jobs')
export class ForkController {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  /** An interrupted fork is finished by the same request with the same key. */
  @Post(':id/fork')
  @Describe({
    access: { scope: 'jobs:write', job: 'path' },
    summary: 'A new job whose history begins with this one’s; it fetches only what is missing there',
    params: ['id'],
    body: 'Fork',
    status: 201,
    answer: 'ForkAnswer',
    query: noQuery,
    headers: [IDEMPOTENCY],
  })
  async fork(
    @Param('id') id: string,
    @Body() body: unknown,
    @Query() query: unknown,
    @Headers('idempotency-key') key: string | undefined,
    @Req() request: Request,
    @Asking() caller: Caller,
  ) {
    parseQuery(noQuery, query);
    const parentId = checkJobId(id);
    const input = parseInput(forkBody, body, 'field');
    const named = checkKey(key);
    const ids = startIdsOf(named && `fork ${id} ${named}`, request, caller, this.deps.config.shards);
    const { position, ...answer } = await this.deps.jobs.fork(parentId, {
      ...{ ...input, ...ids, ...ownerFor(caller) },
    });
    return { ...answer, pages: position.counts, links: jobLinks(answer.jobId) };
  }
}
