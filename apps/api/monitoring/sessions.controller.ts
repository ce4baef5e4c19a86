import { Controller, Get, Inject, Param, Query, UseFilters } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { JobStatus } from '#libs/job';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { Asking, ownedBy, type Caller } from '../http/caller.js';
import { checkJobId, parseQuery } from '../http/parse.js';
import { Describe } from '../schemas/openapi.js';
import { noQuery } from '../schemas/queries.js';
import { ControlErrorFilter } from './control-error-filter.js';
import { JobReports } from './job-reports.js';
import { sessionsQuery, type Action, type session, type sessions } from './schemas.js';

const ALLOWED: Record<JobStatus, Action[]> = {
  running: ['stop', 'pause', 'status'],
  paused: ['stop', 'resume', 'restart', 'status'],
  stopped: ['resume', 'restart', 'status'],
  error: ['resume', 'restart', 'status'],
  done: ['restart', 'status'],
  removed: ['status'],
};

@ApiTags('monitoring')
@Controller('api/sessions')
@UseFilters(ControlErrorFilter)
export class SessionsController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(JobReports) private readonly reports: JobReports,
  ) {}

  @Get()
  @Describe({
    access: { scope: 'jobs:read' },
    summary: 'All jobs, newest first',
    query: sessionsQuery,
    answer: 'Sessions',
    error: 'ControlError',
  })
  async list(@Query() query: unknown, @Asking() caller: Caller): Promise<z.output<typeof sessions>> {
    const { limit, cursor, status } = parseQuery(sessionsQuery, query);
    const filter = { ...(status === undefined ? {} : { status }), ...ownedBy(caller) };
    const { rows, next } = await this.deps.readModels.jobs(filter, limit, cursor);
    return {
      success: true,
      sessions: rows.map((job) => ({
        id: job.jobId,
        name: job.name,
        status: job.status,
        run: job.run,
        generation: job.generation,
        processedCount: job.fetched + job.failed + job.skipped,
        errorCount: job.failed + (job.lastError === null ? 0 : 1),
        lastError: job.lastError ?? (job.status === 'stopped' ? 'Process stopped by user' : null),
        hint: job.hint,
        createdAt: job.createdAt,
        updatedAt: job.updatedAt,
        seq: job.seq,
      })),
      next,
    };
  }

  @Get(':id')
  @Describe({
    access: { scope: 'jobs:read', job: 'path' },
    summary: 'A job: where it stands, what can be done with it, and what was decided',
    params: ['id'],
    query: noQuery,
    answer: 'Session',
    error: 'ControlError',
  })
  async one(@Param('id') id: string, @Query() query: unknown): Promise<z.output<typeof session>> {
    parseQuery(noQuery, query);
    const status = await this.reports.status(id);
    const decisions = await this.deps.eventLog.readDecisions(checkJobId(id), { bulk: false });
    return {
      success: true,
      ...status,
      actions: ALLOWED[status.status],
      history: decisions.map(({ seq, type, storedAt, data }) => ({
        seq,
        type,
        time: new Date(storedAt).toISOString(),
        ...('run' in data ? { run: data.run } : {}),
        reason: data.reason ?? null,
      })),
    };
  }
}
