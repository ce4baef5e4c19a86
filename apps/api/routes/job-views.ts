import { Inject, Injectable } from '@nestjs/common';
import type { JobState } from '#libs/job';
import type { JobRow } from '#libs/engine/ports';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { checkJobId, jobNotFound } from '../http/parse.js';
import { LiveProgress } from './live-progress.js';

export const jobLinks = (jobId: string): Record<string, string> => {
  const self = `/api/jobs/${jobId}`;
  return {
    self,
    pages: `${self}/pages`,
    items: `${self}/items`,
    evidence: `${self}/evidence`,
    events: `${self}/events`,
    explain: `${self}/explain`,
    state: `${self}/state`,
    proof: `${self}/proof`,
    replay: `${self}/replay`,
    archive: `${self}/archive`,
  };
};

const countsOf = (row: JobRow | null) =>
  row && {
    seq: row.seq,
    fetched: row.fetched,
    failed: row.failed,
    skipped: row.skipped,
    retries: row.retries,
    redirects: row.redirects,
    bytes: row.bytes,
    statusCodes: row.statusCodes,
  };

const iso = (ms: number): string => new Date(ms).toISOString();

/** A job as the api shows it: what was decided from the decisions, so it never lags; what was counted from the read model. */
@Injectable()
export class JobViews {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(LiveProgress) private readonly progress: LiveProgress,
  ) {}

  /** @throws SpoorError job_not_found */
  async state(jobId: string): Promise<JobState> {
    const state = await this.deps.jobs.state(checkJobId(jobId));
    if (!state) throw jobNotFound(jobId);
    return state;
  }

  async job(jobId: string) {
    const [state, row] = await Promise.all([this.state(jobId), this.deps.readModels.job(jobId)]);
    const { status, run, generation, lastError, reason, spec } = state;
    return {
      jobId,
      name: spec.name ?? null,
      owner: state.owner,
      status,
      run,
      generation,
      seq: state.lastSeq,
      createdAt: iso(state.createdAt),
      updatedAt: iso(state.updatedAt),
      reason,
      lastError,
      counts: countsOf(row),
      progress: this.progress.of(jobId),
      spec,
      links: jobLinks(jobId),
    };
  }
}
