import { resolvedJobSpec } from '#libs/events';
import type { EventData, EventHandlers, JobEvent, JobEventType, JobSpec, JobSpecChanges } from '#libs/events';
import { FIRST_EXTRACTION, withRules, type Extraction } from './extraction.js';

export type JobStatus = 'running' | 'paused' | 'stopped' | 'error' | 'done' | 'removed';

export interface JobError {
  code: string;
  message: string;
  hint: string;
  url: string;
  page: number | null;
  seq: number;
}

/** What the job's decisions alone tell: small, the same for any size of job, true at `lastSeq`. */
export interface JobState {
  status: JobStatus;
  run: number;
  generation: number;
  spec: JobSpec;
  /** Id of the API key whose job it is; null: the operator's. */
  owner: string | null;
  /** Sequence of the last decision: what the next one is made on. */
  lastSeq: number;
  createdAt: number;
  updatedAt: number;
  /** Server time since which it runs; null when it does not. */
  runningSince: number | null;
  /** Time it ran before `runningSince`, ms. */
  ranMs: number;
  lastError: JobError | null;
  /** Why it is not running, as whoever decided it said. */
  reason: string | null;
  /** Command id → sequence of its decision. */
  commands: Map<string, number>;
  /** Another history that is being copied into this one, not all of which is known to be here yet. */
  copying: { jobId: string; upTo: number } | null;
  extraction: Extraction;
}

const statusBy: { [T in JobEventType]: JobStatus | ((data: EventData<T>) => JobStatus) } = {
  JobStarted: 'running',
  JobResumed: 'running',
  JobRestarted: 'running',
  PagesRequeued: 'running',
  JobForked: 'running',
  JobImported: ({ status }) => status,
  ReextractionStarted: ({ status }) => status,
  ReextractionCompleted: ({ status }) => status,
  JobPaused: 'paused',
  JobStopped: 'stopped',
  ProxyFailed: 'error',
  JobCompleted: 'done',
  JobRemoved: 'removed',
};

/** The status that a decision leads to, whatever came before. A copied one sets nothing going. */
export function statusAfter({ type, data }: Pick<JobEvent, 'type' | 'data'>): JobStatus {
  const by = statusBy[type] as JobStatus | ((data: EventData) => JobStatus);
  const status = typeof by === 'function' ? by(data) : by;
  return status === 'running' && data.copiedFrom ? 'paused' : status;
}

export function withChanges(spec: JobSpec, changes: JobSpecChanges | undefined): JobSpec {
  if (!changes) return spec;
  return {
    ...spec,
    politeness: { ...spec.politeness, ...changes.politeness },
    limits: { ...spec.limits, ...changes.limits },
    retry: { ...spec.retry, ...changes.retry },
    scope: { ...spec.scope, ...changes.scope },
    ...(changes.proxy === undefined ? {} : { proxy: changes.proxy ?? undefined }),
  };
}

const nothing = (): Partial<JobState> => ({});

/** What each decision changes beyond status, time and reason. */
const changesBy: EventHandlers<JobState, Partial<JobState>, JobEventType> = {
  JobStarted: nothing,
  JobForked: (state, { data }) => ({
    run: data.run,
    spec: withChanges(state.spec, data.changes),
    owner: ownerIn(data),
    lastError: null,
  }),
  JobImported: (_, { data }) => ({ owner: ownerIn(data) }),
  ReextractionStarted: (state, { data: { version, rules } }) => ({
    extraction: { ...state.extraction, pending: { version, rules } },
  }),
  ReextractionCompleted: (state, { data: { version, rules }, seq }) => ({
    spec: withRules(state.spec, rules),
    extraction: { version, seq, pending: null },
  }),
  JobPaused: nothing,
  JobStopped: nothing,
  ProxyFailed: (_, { data, seq }) => ({
    lastError: {
      code: data.code,
      message: data.message,
      hint: data.hint,
      url: data.url,
      page: data.page,
      seq,
    },
  }),
  JobResumed: (state, { data }) => ({
    run: data.run,
    spec: withChanges(state.spec, data.changes),
    lastError: null,
  }),
  JobRestarted: (_, { data }) => ({ run: data.run, generation: data.generation, lastError: null }),
  PagesRequeued: (_, { data }) => ({ run: data.run, lastError: null }),
  JobCompleted: nothing,
  JobRemoved: nothing,
};

/** State after one more decision. The first one must be JobStarted; null is a job that does not exist. */
export function evolve(state: JobState | null, event: JobEvent): JobState {
  const before = state ?? initial(event);
  const status = statusAfter(event);
  const handler = changesBy[event.type] as (state: JobState, event: JobEvent) => Partial<JobState>;
  const wasRunning = before.runningSince !== null;
  const { copiedFrom, commandId } = event.data;
  // A command that was given to another job says nothing about this one.
  const commands = copiedFrom ? before.commands : new Map(before.commands).set(commandId, event.seq);
  return {
    ...before,
    ...handler(before, event),
    status,
    commands,
    copying: copiedFrom ? { jobId: copiedFrom.jobId, upTo: copiedFrom.upTo } : null,
    lastSeq: event.seq,
    updatedAt: event.storedAt,
    runningSince: status === 'running' ? (before.runningSince ?? event.storedAt) : null,
    ranMs:
      before.ranMs + (wasRunning && status !== 'running' ? event.storedAt - (before.runningSince ?? 0) : 0),
    reason: event.data.reason ?? null,
  };
}

/** Whose job a decision makes it. What was copied from another one says nothing: a copy is its maker's, or the operator's. */
export const ownerIn = ({ owner, copiedFrom }: Pick<EventData<'JobStarted'>, 'owner' | 'copiedFrom'>) =>
  copiedFrom ? null : (owner ?? null);

function initial(event: JobEvent): JobState {
  // What is left of a removed job is its tombstone.
  if (event.type !== 'JobStarted' && event.type !== 'JobRemoved')
    throw new Error(`the history of job ${event.jobId} begins with ${event.type} at ${event.seq}`);
  return {
    status: statusAfter(event),
    run: 1,
    generation: 1,
    spec: event.type === 'JobStarted' ? event.data.spec : resolvedJobSpec.parse({}),
    owner: ownerIn(event.data),
    lastSeq: event.seq,
    createdAt: event.storedAt,
    updatedAt: event.storedAt,
    runningSince: null,
    ranMs: 0,
    lastError: null,
    reason: null,
    commands: new Map(),
    copying: null,
    extraction: FIRST_EXTRACTION,
  };
}

/** The fold of all decisions of one job, oldest first; null when there are none. */
export function foldDecisions(events: Iterable<JobEvent>): JobState | null {
  let state: JobState | null = null;
  for (const event of events) state = evolve(state, event);
  return state;
}
