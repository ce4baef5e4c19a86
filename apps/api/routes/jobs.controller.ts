import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  Req,
} from '@nestjs/common';
import type { Request } from 'express';
import { ApiTags } from '@nestjs/swagger';
import type { CommandAnswer } from '#libs/engine/jobs';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { Asking, ownedBy, ownerFor, type Caller } from '../http/caller.js';
import { checkKey, commandIdOf, IDEMPOTENCY, startIdsOf } from '../http/idempotency.js';
import { checkJobId, parseInput, parseQuery } from '../http/parse.js';
import { commandBody, resumeBody } from '../schemas/command-answers.js';
import { Describe } from '../schemas/openapi.js';
import { jobsQuery, noQuery, removeQuery } from '../schemas/queries.js';
import { jobLinks, JobViews } from './job-views.js';
import { planView } from './resume-view.js';

const withLinks = ({ jobId, status, run, generation, seq }: CommandAnswer) => ({
  jobId,
  status,
  run,
  generation,
  seq,
  links: jobLinks(jobId),
});

@ApiTags('jobs')
@Controller('api/jobs')
export class JobsController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(JobViews) private readonly views: JobViews,
  ) {}

  @Post()
  @Describe({
    access: { scope: 'jobs:write' },
    summary: 'Start a job',
    body: 'JobSpec',
    status: 201,
    answer: 'CommandAnswer',
    query: noQuery,
    headers: [IDEMPOTENCY],
  })
  async start(
    @Body() body: unknown,
    @Query() query: unknown,
    @Headers('idempotency-key') key: string | undefined,
    @Req() request: Request,
    @Asking() caller: Caller,
  ) {
    parseQuery(noQuery, query);
    const ids = startIdsOf(checkKey(key), request, caller, this.deps.config.shards);
    return withLinks(await this.deps.jobs.start(body, { ...ids, ...ownerFor(caller) }));
  }

  @Get()
  @Describe({
    access: { scope: 'jobs:read' },
    summary: 'Jobs, newest first',
    query: jobsQuery,
    answer: 'Jobs',
  })
  async list(@Query() query: unknown, @Asking() caller: Caller) {
    const { limit, cursor, ...filter } = parseQuery(jobsQuery, query);
    const { rows, next } = await this.deps.readModels.jobs({ ...filter, ...ownedBy(caller) }, limit, cursor);
    return { items: rows.map(({ spec: _spec, ...row }) => row), next };
  }

  @Get(':id')
  @Describe({
    access: { scope: 'jobs:read', job: 'path' },
    summary: 'A job',
    params: ['id'],
    query: noQuery,
    answer: 'Job',
  })
  async one(@Param('id') id: string, @Query() query: unknown) {
    parseQuery(noQuery, query);
    return this.views.job(id);
  }

  @Delete(':id')
  @Describe({
    access: { scope: 'jobs:write', job: 'path' },
    summary: 'Remove a job that is not running: its history and bodies go, a tombstone stays',
    params: ['id'],
    answer: 'CommandAnswer',
    query: removeQuery,
    headers: [IDEMPOTENCY],
  })
  async remove(
    @Param('id') id: string,
    @Query() query: unknown,
    @Headers('idempotency-key') key: string | undefined,
    @Asking() caller: Caller,
  ) {
    const { reason } = parseQuery(removeQuery, query);
    const commandId = commandIdOf('remove', checkKey(key), caller);
    return withLinks(await this.deps.jobs.remove(checkJobId(id), { reason, commandId }));
  }

  @Post(':id/pause')
  @HttpCode(200)
  @Describe({
    access: { scope: 'jobs:write', job: 'path' },
    summary: 'Pause: what is in flight finishes',
    params: ['id'],
    body: 'Command',
    answer: 'CommandAnswer',
    query: noQuery,
    headers: [IDEMPOTENCY],
  })
  pause(
    @Param('id') id: string,
    @Body() body: unknown,
    @Query() query: unknown,
    @Headers('idempotency-key') key: string | undefined,
    @Asking() caller: Caller,
  ) {
    return this.command('pause', id, body, query, key, caller);
  }

  @Post(':id/stop')
  @HttpCode(200)
  @Describe({
    access: { scope: 'jobs:write', job: 'path' },
    summary: 'Stop: what is in flight is aborted and stays open',
    params: ['id'],
    body: 'Command',
    answer: 'CommandAnswer',
    query: noQuery,
    headers: [IDEMPOTENCY],
  })
  stop(
    @Param('id') id: string,
    @Body() body: unknown,
    @Query() query: unknown,
    @Headers('idempotency-key') key: string | undefined,
    @Asking() caller: Caller,
  ) {
    return this.command('stop', id, body, query, key, caller);
  }

  @Post(':id/restart')
  @HttpCode(200)
  @Describe({
    access: { scope: 'jobs:write', job: 'path' },
    summary: 'Restart as a new generation; nothing is deleted',
    params: ['id'],
    body: 'Command',
    answer: 'CommandAnswer',
    query: noQuery,
    headers: [IDEMPOTENCY],
  })
  restart(
    @Param('id') id: string,
    @Body() body: unknown,
    @Query() query: unknown,
    @Headers('idempotency-key') key: string | undefined,
    @Asking() caller: Caller,
  ) {
    return this.command('restart', id, body, query, key, caller);
  }

  @Post(':id/resume')
  @HttpCode(200)
  @Describe({
    access: { scope: 'jobs:write', job: 'path' },
    summary:
      'Resume behind what has an outcome, if the way through the proxy is open; or say what that would do',
    params: ['id'],
    body: 'Resume',
    answer: 'ResumeAnswer',
    query: noQuery,
    headers: [IDEMPOTENCY],
  })
  async resume(
    @Param('id') id: string,
    @Body() body: unknown,
    @Query() query: unknown,
    @Headers('idempotency-key') key: string | undefined,
    @Asking() caller: Caller,
  ) {
    parseQuery(noQuery, query);
    const { dryRun, ...input } = parseInput(resumeBody, body, 'field');
    const options = { ...input, commandId: commandIdOf('resume', checkKey(key), caller) };
    if (dryRun) return planView(id, await this.deps.jobs.planResume(checkJobId(id), options));
    const answer = await this.deps.jobs.resume(checkJobId(id), options);
    const { done, remaining, lastPage, nextPage, diff } = answer;
    return { ...withLinks(answer), done, remaining, lastPage, nextPage, diff };
  }

  private async command(
    action: 'pause' | 'stop' | 'restart',
    id: string,
    body: unknown,
    query: unknown,
    key: string | undefined,
    caller: Caller,
  ) {
    parseQuery(noQuery, query);
    const { reason } = parseInput(commandBody, body, 'field');
    const options = { reason, commandId: commandIdOf(action, checkKey(key), caller) };
    return withLinks(await this.deps.jobs[action](checkJobId(id), options));
  }
}
