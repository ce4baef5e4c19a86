import { resolvedJobSpec, type EventHandlers, type JobEventType, type StoredEvent } from '#libs/events';
import { ownerIn, statusAfter, withChanges, withRules } from '#libs/job';
import type { JobRecord } from '../rows.js';

const NO_COUNTS = { fetched: 0, failed: 0, skipped: 0, retries: 0, redirects: 0, bytes: 0 };
const NO_ERROR = { lastError: null, lastErrorCode: null, hint: null };

export const iso = (ms: number): string => new Date(ms).toISOString();

/** What each decision changes in the job's row beyond status, time and sequence. */
const changesBy: EventHandlers<JobRecord, Partial<JobRecord>, JobEventType> = {
  JobStarted: 'ignored',
  JobPaused: 'ignored',
  JobStopped: (_, { storedAt }) => ({ endedAt: iso(storedAt) }),
  ProxyFailed: (_, { data, storedAt }) => ({
    lastError: data.message,
    lastErrorCode: data.code,
    hint: data.hint,
    endedAt: iso(storedAt),
  }),
  JobResumed: (job, { data }) => ({
    ...NO_ERROR,
    endedAt: null,
    run: data.run,
    spec: withChanges(job.spec, data.changes),
  }),
  JobRestarted: (job, { data }) => ({
    ...NO_ERROR,
    ...NO_COUNTS,
    statusCodes: {},
    itemVersions: job.itemVersions.slice(-1),
    endedAt: null,
    run: data.run,
    generation: data.generation,
  }),
  PagesRequeued: (_, { data }) => ({ ...NO_ERROR, endedAt: null, run: data.run }),
  JobCompleted: (_, { storedAt }) => ({ endedAt: iso(storedAt) }),
  JobForked: (job, { data }) => ({
    ...NO_ERROR,
    endedAt: null,
    run: data.run,
    spec: withChanges(job.spec, data.changes),
    owner: ownerIn(data),
  }),
  JobImported: (_, { data }) => ({ owner: ownerIn(data) }),
  ReextractionStarted: 'ignored',
  ReextractionCompleted: (job, { data: { version, rules } }) => ({
    spec: withRules(job.spec, rules),
    itemVersions: [...job.itemVersions, version],
  }),
  JobRemoved: 'ignored',
};

/** The job's row after one more decision. */
export function afterDecision<T extends JobEventType>(job: JobRecord, event: StoredEvent<T>): JobRecord {
  // The key of a mapped type and the event it belongs to are correlated, which the compiler cannot follow.
  const changes = changesBy[event.type] as
    ((job: JobRecord, event: StoredEvent<T>) => Partial<JobRecord>) | 'ignored';
  return {
    ...job,
    ...(changes === 'ignored' ? {} : changes(job, event)),
    status: statusAfter(event),
    ...touched(event),
  };
}

export const touched = (event: { seq: number; storedAt: number }): Pick<JobRecord, 'seq' | 'updatedAt'> => ({
  seq: event.seq,
  updatedAt: iso(event.storedAt),
});

export const startedJob = (shard: number, event: StoredEvent<'JobStarted'>): JobRecord => ({
  ...emptyJob(shard, event),
  name: event.data.spec.name ?? null,
  owner: ownerIn(event.data),
  status: statusAfter(event),
  spec: event.data.spec,
});

/** All that is left of a removed job. It tells nothing that JobRemoved alone does not tell: its history may be purged. */
export const tombstone = (shard: number, event: StoredEvent<'JobRemoved'>): JobRecord => ({
  ...emptyJob(shard, event),
  owner: ownerIn(event.data),
  status: 'removed',
  endedAt: iso(event.storedAt),
});

const emptyJob = (shard: number, event: StoredEvent<JobEventType>): JobRecord => ({
  jobId: event.jobId,
  shard,
  name: null,
  owner: null,
  status: 'removed',
  run: 1,
  generation: 1,
  spec: resolvedJobSpec.parse({}),
  ...NO_COUNTS,
  ...NO_ERROR,
  statusCodes: {},
  itemVersions: [1],
  createdAt: iso(event.storedAt),
  createdSeq: event.seq,
  endedAt: null,
  ...touched(event),
});
