import { createHash } from 'node:crypto';
import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import type { Request } from 'express';
import { ApiTags } from '@nestjs/swagger';
import { jobId as makeJobId } from '#libs/events';
import { SpoorError } from '#libs/failures';
import type { CommandAnswer } from '#libs/engine/jobs';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { bodyDigest } from '../http/json-body.js';
import { checkJobId, parseInput, parseQuery } from '../http/parse.js';
import { commandBody, resumeBody } from '../schemas/answers.js';
import { Describe } from '../schemas/openapi.js';
import { jobsQuery, noQuery } from '../schemas/queries.js';
import { jobLinks, JobViews } from './job-views.js';

const IDEMPOTENCY = {
  name: 'Idempotency-Key',
  description:
    'Printable, up to 200 characters; a repeat with the same key and body answers what the first did.',
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** @throws SpoorError invalid_request */
function checkKey(key: string | undefined): string | undefined {
  if (key === undefined || /^[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?$/.test(key)) return key;
  throw new SpoorError('invalid_request', 'Idempotency-Key: must be 1 to 200 printable characters', {
    field: 'Idempotency-Key',
  });
}

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
  ) {
    parseQuery(noQuery, query);
    return withLinks(await this.deps.jobs.start(body, this.idsOf(checkKey(key), request)));
  }

  @Get()
  @Describe({ summary: 'Jobs, newest first', query: jobsQuery, answer: 'Jobs' })
  async list(@Query() query: unknown) {
    const { limit, cursor, ...filter } = parseQuery(jobsQuery, query);
    const { rows, next } = await this.deps.readModels.jobs(filter, limit, cursor);
    return { items: rows.map(({ spec: _spec, ...row }) => row), next };
  }

  @Get(':id')
  @Describe({ summary: 'A job', params: ['id'], query: noQuery, answer: 'Job' })
  async one(@Param('id') id: string, @Query() query: unknown) {
    parseQuery(noQuery, query);
    return this.views.job(id);
  }

  @Post(':id/pause')
  @HttpCode(200)
  @Describe({
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
  ) {
    return this.command('pause', id, body, query, key);
  }

  @Post(':id/stop')
  @HttpCode(200)
  @Describe({
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
  ) {
    return this.command('stop', id, body, query, key);
  }

  @Post(':id/restart')
  @HttpCode(200)
  @Describe({
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
  ) {
    return this.command('restart', id, body, query, key);
  }

  @Post(':id/resume')
  @HttpCode(200)
  @Describe({
    summary: 'Resume behind what has an outcome',
    params: ['id'],
    body: 'Resume',
    answer: 'CommandAnswer',
    query: noQuery,
    headers: [IDEMPOTENCY],
  })
  async resume(
    @Param('id') id: string,
    @Body() body: unknown,
    @Query() query: unknown,
    @Headers('idempotency-key') key: string | undefined,
  ) {
    parseQuery(noQuery, query);
    const input = parseInput(resumeBody, body, 'field');
    const options = { ...input, commandId: this.commandIdOf('resume', checkKey(key)) };
    return withLinks(await this.deps.jobs.resume(checkJobId(id), options));
  }

  private async command(
    action: 'pause' | 'stop' | 'restart',
    id: string,
    body: unknown,
    query: unknown,
    key: string | undefined,
  ) {
    parseQuery(noQuery, query);
    const { reason } = parseInput(commandBody, body, 'field');
    const options = { reason, commandId: this.commandIdOf(action, checkKey(key)) };
    return withLinks(await this.deps.jobs[action](checkJobId(id), options));
  }

  private commandIdOf(action: string, key: string | undefined): string | undefined {
    return key === undefined ? undefined : `key-${sha256(`${action}\n${key}`).slice(0, 32)}`;
  }

  /** The key names the job, key and body the command: another body under the same key is a conflict, not a second job. */
  private idsOf(key: string | undefined, request: Request): { jobId?: string; commandId?: string } {
    if (key === undefined) return {};
    const hash = sha256(`start\n${key}`);
    const shard = parseInt(hash.slice(0, 8), 16) % this.deps.config.shards;
    return {
      jobId: makeJobId(shard, hash.slice(8, 40)),
      commandId: `key-${sha256(`${key}\n${bodyDigest(request)}`).slice(0, 32)}`,
    };
  }
}
