import type { JobSpec } from '#libs/events';
import type { FrontierCounts, StageCounts } from './entry.js';
import type { Frontier } from './frontier.js';
import { positionOf } from './position.js';
import { differences, type SpecChange } from './spec-diff.js';
import type { JobError, JobStatus } from './state.js';

/** All that a job's history tells of it up to one event. */
export interface JobAt {
  jobId: string;
  /** The last event that is folded in, and its server time (ISO 8601). */
  seq: number;
  storedAt: string;
  name: string | null;
  status: JobStatus;
  run: number;
  generation: number;
  reason: string | null;
  lastError: JobError | null;
  /** discovered = fetched + failed + skipped + open. */
  pages: FrontierCounts;
  stages: Record<string, StageCounts>;
  /** Of a paginated job: up to where every page is done, and the first that is not. */
  lastPage: number | null;
  nextPage: number | null;
  nextUrl: string | null;
  retries: number;
  redirects: number;
  /** Bodies only. */
  receivedBytes: number;
  /** Time in which it ran, ms of the server's clock. */
  ranMs: number;
  spec: JobSpec;
}

/** @throws TypeError when the frontier has folded no job */
export function jobAt(frontier: Frontier): JobAt {
  const { jobId, state, seq, storedAt, retries, redirects, receivedBytes } = frontier;
  if (!state) throw new TypeError('nothing is folded yet');
  const { status, run, generation, reason, lastError, spec, ranMs, runningSince } = state;
  const { lastPage, nextPage, nextUrl, counts, stages } = positionOf(frontier);
  return {
    ...{ jobId, seq, storedAt: new Date(storedAt).toISOString(), name: spec.name ?? null },
    ...{ status, run, generation, reason, lastError },
    ...{ pages: counts, stages, lastPage, nextPage, nextUrl, retries, redirects, receivedBytes },
    ranMs: ranMs + (runningSince === null ? 0 : Math.max(storedAt - runningSince, 0)),
    spec,
  };
}

/** Of a job before its first event: nothing is counted, and nothing else is known. */
const NOTHING = {
  pages: { discovered: 0, fetched: 0, failed: 0, skipped: 0, open: 0 } satisfies FrontierCounts,
  ...{ stages: {}, retries: 0, redirects: 0, receivedBytes: 0, ranMs: 0, spec: {} },
};

/**
 * What differs between two moments, field by field; where and when they lie is no difference.
 * @param before null: the job had not begun
 */
export function jobChanges(before: JobAt | null, after: JobAt): SpecChange[] {
  const { seq: _, storedAt: __, ...now } = after;
  if (before === null) return differences({ ...NOTHING, jobId: after.jobId }, now);
  const { seq: ___, storedAt: ____, ...then } = before;
  return differences(then, now);
}
