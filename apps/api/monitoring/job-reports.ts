import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { shardOf } from '#libs/events';
import { doneByStage, type JobState } from '#libs/job';
import type { JobReport } from '#libs/engine/jobs';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { checkJobId, jobNotFound } from '../http/parse.js';
import type { segmentStatus } from './schemas.js';

export type SegmentStatus = z.output<typeof segmentStatus>;

const iso = (ms: number): string => new Date(ms).toISOString();

/** The first stage, in the order of the spec, that has pages to fetch; the last one when none has. */
export function stageOf({ state, position }: JobReport): string {
  const { stages } = state.spec;
  const found = stages.find(({ name }) => (position.stages[name]?.open ?? 0) > 0) ?? stages.at(-1);
  return found?.name ?? '';
}

/** Why it does not run, in one line; null while it runs or when it is done. */
export function lastErrorOf({ status, lastError }: JobState): string | null {
  if (lastError) return lastError.message;
  return status === 'stopped' ? 'Process stopped by user' : null;
}

/** Where a job stands, from its history: exact at every moment, and true without Postgres. */
@Injectable()
export class JobReports {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  /** @throws SpoorError job_not_found */
  async of(jobId: string): Promise<JobReport> {
    const report = await this.deps.jobs.report(checkJobId(jobId));
    if (!report) throw jobNotFound(jobId);
    return report;
  }

  /** @throws SpoorError job_not_found */
  async status(jobId: string): Promise<SegmentStatus> {
    const report = await this.of(jobId);
    return { ...statusOf(jobId, report), migrationStatus: await this.migrated(jobId, report.position.seq) };
  }

  private async migrated(jobId: string, seq: number): Promise<SegmentStatus['migrationStatus']> {
    const projected = await this.deps.readModels.position(shardOf(jobId)).catch(() => null);
    if (projected === null) return null;
    return projected >= seq ? 'completed' : 'pending';
  }
}

function statusOf(jobId: string, report: JobReport): Omit<SegmentStatus, 'migrationStatus'> {
  const { state, position } = report;
  const { discovered, fetched, failed, skipped, open } = position.counts;
  const second = state.spec.stages[1]?.name;
  const ofSecond = second === undefined ? undefined : position.stages[second];
  return {
    id: jobId,
    jobType: state.spec.pages ? 'segmentation' : 'crawl',
    name: state.spec.name ?? null,
    status: state.status,
    stage: stageOf(report),
    run: state.run,
    generation: state.generation,
    lastPage: position.lastPage,
    nextPage: position.nextPage,
    processedCount: fetched + failed + skipped,
    totalCompanies: ofSecond
      ? ofSecond.fetched + ofSecond.failed + ofSecond.skipped + ofSecond.open
      : discovered,
    totals: { known: discovered, fetched, failed, skipped, open },
    errorCount: failed + (state.lastError ? 1 : 0),
    lastError: lastErrorOf(state),
    lastErrorCode: state.lastError?.code ?? null,
    hint: state.lastError?.hint ?? null,
    reason: state.reason,
    createdAt: iso(state.createdAt),
    updatedAt: iso(position.storedAt),
    stats: doneByStage(position),
    seq: position.seq,
  };
}
