import { Body, Controller, Headers, HttpCode, Inject, Post, Query, UseFilters } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { SpoorError } from '#libs/failures';
import { doneByStage, type JobState } from '#libs/job';
import type { JobSpec } from '#libs/events';
import type { CommandOptions, JobReport } from '#libs/engine/jobs';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { Asking, type Caller } from '../http/caller.js';
import { checkKey, commandIdOf, IDEMPOTENCY } from '../http/idempotency.js';
import { parseInput, parseQuery } from '../http/parse.js';
import { JobViews } from '../routes/job-views.js';
import { Describe } from '../schemas/openapi.js';
import { noQuery } from '../schemas/queries.js';
import { ControlErrorFilter } from './control-error-filter.js';
import { JobReports, lastErrorOf, stageOf } from './job-reports.js';
import { controlBody, type Action, type controlAnswer } from './schemas.js';

const DONE: Record<Exclude<Action, 'status'>, string> = {
  stop: 'Process stopped successfully',
  pause: 'Process paused successfully',
  resume: 'Process resumed successfully',
  restart: 'Process restarted successfully',
};

@ApiTags('monitoring')
@Controller('api/monitoring')
@UseFilters(ControlErrorFilter)
export class ControlController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(JobViews) private readonly views: JobViews,
    @Inject(JobReports) private readonly reports: JobReports,
  ) {}

  @Post('control')
  @HttpCode(200)
  @Describe({
    access: { scope: 'jobs:write', job: 'body' },
    summary: 'Stop, pause, resume or restart a job, or ask for its status',
    body: 'Control',
    answer: 'ControlAnswer',
    error: 'ControlError',
    query: noQuery,
    headers: [IDEMPOTENCY],
  })
  async control(
    @Body() body: unknown,
    @Query() query: unknown,
    @Headers('idempotency-key') key: string | undefined,
    @Asking() caller: Caller,
  ): Promise<z.output<typeof controlAnswer>> {
    parseQuery(noQuery, query);
    const { jobId, action, stage, reason } = parseInput(controlBody, body, 'field');
    // The decisions alone: a command must not wait until a long history is read.
    const { spec } = await this.views.state(jobId);
    checkStage(spec, stage);
    const commandId = commandIdOf(action, checkKey(key), caller);
    const resumed = await this.command(action, jobId, { reason, commandId });
    const report = await this.reports.of(jobId);
    const { state, position } = report;
    const answer = { ...view(jobId, report), message: messageOf(action, state) };
    if (action === 'status')
      return { ...answer, stats: doneByStage(position), lastError: lastErrorOf(state) };
    return resumed ? { ...answer, resumeFrom: resumed } : answer;
  }

  /** @returns after a resume: the pages of each stage that are done */
  private async command(
    action: Action,
    jobId: string,
    options: CommandOptions,
  ): Promise<Record<string, number> | undefined> {
    if (action === 'status') return undefined;
    if (action === 'resume') return (await this.deps.jobs.resume(jobId, options)).done;
    await this.deps.jobs[action](jobId, options);
    return undefined;
  }
}

function messageOf(action: Action, { status, generation }: JobState): string {
  if (action === 'status') return `Process is ${status}`;
  if (action !== 'restart') return DONE[action];
  return `${DONE.restart}: generation ${generation} begins at the first page; nothing of the one before is deleted`;
}

/** @throws SpoorError invalid_request */
function checkStage({ stages }: JobSpec, stage: string | undefined): void {
  const names = stages.map(({ name }) => name);
  if (stage === undefined || names.includes(stage)) return;
  throw new SpoorError('invalid_request', `Invalid stage. Stages of this job: ${names.join(', ')}`, {
    field: 'stage',
    hint: 'Leave it out: a command is always to the whole job.',
  });
}

const view = (jobId: string, report: JobReport) => ({
  success: true as const,
  jobId,
  status: report.state.status,
  stage: stageOf(report),
  timestamp: new Date().toISOString(),
  run: report.state.run,
  generation: report.state.generation,
  lastPage: report.position.lastPage,
  nextPage: report.position.nextPage,
});
