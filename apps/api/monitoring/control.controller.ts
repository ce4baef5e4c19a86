import { Body, Controller, Headers, HttpCode, Inject, Post, Query, UseFilters } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { SpoorError } from '#libs/failures';
import { doneByStage } from '#libs/job';
import type { JobReport } from '#libs/engine/jobs';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { checkKey, commandIdOf, IDEMPOTENCY } from '../http/idempotency.js';
import { parseInput, parseQuery } from '../http/parse.js';
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
    @Inject(JobReports) private readonly reports: JobReports,
  ) {}

  @Post('control')
  @HttpCode(200)
  @Describe({
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
  ): Promise<z.output<typeof controlAnswer>> {
    parseQuery(noQuery, query);
    const { jobId, action, stage, reason } = parseInput(controlBody, body, 'field');
    const before = await this.reports.of(jobId);
    checkStage(before, stage);
    if (action === 'status') {
      const { state } = before;
      const message = `Process is ${state.status}`;
      const stats = doneByStage(before.position);
      return { ...view(jobId, before, message), stats, lastError: lastErrorOf(state) };
    }
    const options = { reason, commandId: commandIdOf(action, checkKey(key)) };
    if (action === 'resume') {
      const { done: resumeFrom } = await this.deps.jobs.resume(jobId, options);
      return { ...view(jobId, await this.reports.of(jobId), DONE.resume), resumeFrom };
    }
    await this.deps.jobs[action](jobId, options);
    const after = await this.reports.of(jobId);
    const generation = after.state.generation;
    const anew = `: generation ${generation} begins at the first page; nothing of the one before is deleted`;
    return view(jobId, after, action === 'restart' ? DONE.restart + anew : DONE[action]);
  }
}

/** @throws SpoorError invalid_request */
function checkStage({ state }: JobReport, stage: string | undefined): void {
  const names = state.spec.stages.map(({ name }) => name);
  if (stage === undefined || names.includes(stage)) return;
  throw new SpoorError('invalid_request', `Invalid stage. Stages of this job: ${names.join(', ')}`, {
    field: 'stage',
    hint: 'Leave it out: a command is always to the whole job.',
  });
}

const view = (jobId: string, report: JobReport, message: string) => ({
  success: true as const,
  message,
  jobId,
  status: report.state.status,
  stage: stageOf(report),
  timestamp: new Date().toISOString(),
  run: report.state.run,
  generation: report.state.generation,
  lastPage: report.position.lastPage,
  nextPage: report.position.nextPage,
});
