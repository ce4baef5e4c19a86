import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  Inject,
  Post,
  Query,
  Req,
  UseFilters,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import type { z } from 'zod';
import { SpoorError } from '#libs/failures';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { Asking, ownerFor, type Caller } from '../http/caller.js';
import { checkKey, commandIdOf, IDEMPOTENCY, startIdsOf } from '../http/idempotency.js';
import { parseInput, parseQuery } from '../http/parse.js';
import { JobViews } from '../routes/job-views.js';
import { Describe } from '../schemas/openapi.js';
import { noQuery } from '../schemas/queries.js';
import { ControlErrorFilter } from './control-error-filter.js';
import { JobReports, stageOf, type SegmentStatus } from './job-reports.js';
import { startById, statusQuery, type startAnswer } from './schemas.js';

type StartAnswer = z.output<typeof startAnswer>;

const namesJob = (body: unknown): boolean => typeof body === 'object' && body !== null && 'jobId' in body;

@ApiTags('monitoring')
@Controller('api/segment')
@UseFilters(ControlErrorFilter)
export class SegmentController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(JobViews) private readonly views: JobViews,
    @Inject(JobReports) private readonly reports: JobReports,
  ) {}

  @Get('status')
  @Describe({
    access: { scope: 'jobs:read', job: 'query' },
    summary: 'Where a job stands, exact at this moment',
    query: statusQuery,
    answer: 'SegmentStatus',
    error: 'ControlError',
  })
  async status(@Query() query: unknown): Promise<SegmentStatus> {
    return this.reports.status(parseQuery(statusQuery, query).jobId);
  }

  @Post('start')
  @HttpCode(200)
  @Describe({
    access: { scope: 'jobs:write', job: 'body' },
    summary: 'Start a job by its spec, or resume one by its jobId',
    body: 'SegmentStart',
    answer: 'SegmentStartAnswer',
    error: 'ControlError',
    query: noQuery,
    headers: [IDEMPOTENCY],
  })
  async start(
    @Body() body: unknown,
    @Query() query: unknown,
    @Headers('idempotency-key') header: string | undefined,
    @Req() request: Request,
    @Asking() caller: Caller,
  ): Promise<StartAnswer> {
    parseQuery(noQuery, query);
    const key = checkKey(header);
    if (namesJob(body)) return this.resume(parseInput(startById, body, 'field'), key, caller);
    const ids = startIdsOf(key, request, caller, this.deps.config.shards);
    const { jobId, status, spec } = await this.deps.jobs.start(body, { ...ids, ...ownerFor(caller) });
    return answer('Job started', jobId, status, spec.stages[0]?.name ?? '');
  }

  /** Who asks that a job runs has what he wants when it does. */
  private async resume(
    { jobId, ...options }: z.output<typeof startById>,
    key: string | undefined,
    caller: Caller,
  ): Promise<StartAnswer> {
    const before = await this.views.state(jobId);
    if (before.status === 'running') return this.view(jobId, 'Job already running');
    try {
      const commandId = commandIdOf('resume', key, caller);
      const { done } = await this.deps.jobs.resume(jobId, { ...options, commandId });
      return { ...(await this.view(jobId, 'Job resumed')), resumeFrom: done };
    } catch (error) {
      const now = await this.deps.jobs.state(jobId);
      const isBeaten = error instanceof SpoorError && error.code === 'impossible_transition';
      if (isBeaten && now?.status === 'running') return this.view(jobId, 'Job already running');
      throw error;
    }
  }

  private async view(jobId: string, message: string): Promise<StartAnswer> {
    const report = await this.reports.of(jobId);
    return answer(message, jobId, report.state.status, stageOf(report));
  }
}

const answer = (
  message: string,
  jobId: string,
  status: StartAnswer['status'],
  stage: string,
): StartAnswer => ({
  success: true,
  message,
  jobId,
  status,
  stage,
  timestamp: new Date().toISOString(),
});
