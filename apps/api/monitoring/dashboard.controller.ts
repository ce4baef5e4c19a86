import { Controller, Get, Inject, Query, UseFilters } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { StageCounts } from '#libs/job';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { Asking, ownedBy, type Caller } from '../http/caller.js';
import { parseQuery } from '../http/parse.js';
import { LiveProgress } from '../routes/live-progress.js';
import { Describe } from '../schemas/openapi.js';
import { ControlErrorFilter } from './control-error-filter.js';
import { JobReports, type SegmentStatus } from './job-reports.js';
import { dashboardQuery, type dashboard } from './schemas.js';

type Dashboard = z.output<typeof dashboard>;

const percent = (done: number, total: number): number =>
  total === 0 ? 0 : Math.floor((done * 1000) / total) / 10;

function stageProgress({ fetched, failed, skipped, open }: StageCounts): Dashboard['stages'][string] {
  const done = fetched + failed + skipped;
  const status = open > 0 ? (done > 0 ? 'running' : 'pending') : done > 0 ? 'done' : 'pending';
  return { status, done, total: done + open, percent: percent(done, done + open) };
}

const NOTHING = {
  jobId: null,
  status: 'idle',
  stage: null,
  progress: { processed: 0, total: 0, percent: 0, rates: { pagesPerMinute: 0, errorsPerMinute: 0 } },
  estimates: { secondsLeft: null, finishesAt: null },
  stages: {},
  errorCount: 0,
  lastError: null,
  hint: null,
} as const;

@ApiTags('monitoring')
@Controller('api/monitoring')
@UseFilters(ControlErrorFilter)
export class DashboardController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(JobReports) private readonly reports: JobReports,
    @Inject(LiveProgress) private readonly live: LiveProgress,
  ) {}

  @Get('dashboard')
  @Describe({
    access: { scope: 'jobs:read', job: 'query' },
    summary: 'One job at a glance: progress, rates, time left, stages, health',
    query: dashboardQuery,
    answer: 'Dashboard',
    error: 'ControlError',
  })
  async dashboard(@Query() query: unknown, @Asking() caller: Caller): Promise<Dashboard> {
    const { jobId } = parseQuery(dashboardQuery, query);
    const id = jobId ?? (await this.newest(caller));
    const [job, health] = await Promise.all([id === null ? NOTHING : this.job(id), this.deps.health.look()]);
    const { nats, shards } = health;
    const postgres = health.postgres === 'unavailable' ? 'unavailable' : 'ok';
    const silent = job.status === 'running' && !this.live.of(id!);
    const engine = job.status === 'running' ? (silent ? 'silent' : 'ok') : 'idle';
    const lags = shards.map(({ lag }) => lag);
    const lag = lags.some((one) => one === null) ? null : Math.max(...lags.map(Number));
    const impaired = health.status !== 'ok' || engine === 'silent';
    const status = nats !== 'ok' ? 'down' : impaired ? 'degraded' : 'healthy';
    const systemHealth = { status, nats, postgres, engine, lag } as const;
    return { success: true, timestamp: new Date().toISOString(), ...job, systemHealth };
  }

  private async newest(caller: Caller): Promise<string | null> {
    const { readModels } = this.deps;
    const own = ownedBy(caller);
    const running = (await readModels.jobs({ status: 'running', ...own }, 1)).rows[0];
    return (running ?? (await readModels.jobs(own, 1)).rows[0])?.jobId ?? null;
  }

  private async job(jobId: string): Promise<Omit<Dashboard, 'success' | 'timestamp' | 'systemHealth'>> {
    const [status, { position }] = await Promise.all([this.reports.status(jobId), this.reports.of(jobId)]);
    const rates = status.status === 'running' ? this.live.rates(jobId) : null;
    return {
      jobId,
      status: status.status,
      stage: status.stage,
      progress: {
        processed: status.processedCount,
        total: status.totals.known,
        percent: percent(status.processedCount, status.totals.known),
        rates: { pagesPerMinute: rates?.pages ?? 0, errorsPerMinute: rates?.errors ?? 0 },
      },
      estimates: estimates(status, rates?.pages ?? 0),
      stages: Object.fromEntries(
        Object.entries(position.stages).map(([name, counts]) => [name, stageProgress(counts)]),
      ),
      errorCount: status.errorCount,
      lastError: status.lastError,
      hint: status.hint,
    };
  }
}

function estimates({ totals }: SegmentStatus, perMinute: number): Dashboard['estimates'] {
  if (perMinute === 0) return { secondsLeft: null, finishesAt: null };
  const secondsLeft = Math.ceil((totals.open * 60) / perMinute);
  return { secondsLeft, finishesAt: new Date(Date.now() + secondsLeft * 1000).toISOString() };
}
