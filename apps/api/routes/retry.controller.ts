import { Body, Controller, Headers, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { Asking, type Caller } from '../http/caller.js';
import { checkKey, commandIdOf, IDEMPOTENCY } from '../http/idempotency.js';
import { checkJobId, parseInput, parseQuery } from '../http/parse.js';
import { Describe } from '../schemas/openapi.js';
import { retryBody } from '../schemas/page-answers.js';
import { noQuery } from '../schemas/queries.js';
import { jobLinks } from './job-views.js';

@ApiTags('jobs')
@Controller('api/jobs')
export class RetryController {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  @Post(':id/retry')
  @HttpCode(200)
  @Describe({
    access: { scope: 'jobs:write', job: 'path' },
    summary: 'Fetch pages again, by filter or by URL, with their attempts from 0; or say which that would be',
    params: ['id'],
    body: 'Retry',
    answer: 'RetryAnswer',
    query: noQuery,
    headers: [IDEMPOTENCY],
  })
  async retry(
    @Param('id') id: string,
    @Body() body: unknown,
    @Query() query: unknown,
    @Headers('idempotency-key') key: string | undefined,
    @Asking() caller: Caller,
  ) {
    parseQuery(noQuery, query);
    const { dryRun, ...options } = parseInput(retryBody, body, 'field');
    const jobId = checkJobId(id);
    if (dryRun) return { jobId, dryRun, ...(await this.deps.jobs.planRequeue(jobId, options)) };
    const commandId = commandIdOf('retry', checkKey(key), caller);
    return { ...(await this.deps.jobs.requeue(jobId, { ...options, commandId })), links: jobLinks(jobId) };
  }
}
