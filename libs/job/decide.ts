import {
  jobEventId,
  type EventData,
  type ExtractionRules,
  type JobEventType,
  type JobSpec,
  type JobSpecChanges,
  type ScrapeBatch,
} from '#libs/events';
import { SpoorError } from '#libs/failures';
import type { ResumedFrom } from './position.js';
import type { SpecChange } from './spec-diff.js';
import type { JobState, JobStatus } from './state.js';

interface Asked {
  /** Names the command: repeated with the same id it is the same decision. */
  commandId: string;
  reason?: string | undefined;
}

export type JobCommand =
  | (Asked & {
      type: 'start';
      spec: JobSpec;
      start: string[];
      owner?: string | undefined;
      scrape?: ScrapeBatch | undefined;
    })
  | (Asked & { type: 'pause'; by?: 'user' | 'system' })
  | (Asked & { type: 'stop' })
  | (Asked & {
      type: 'resume';
      changes?: JobSpecChanges | undefined;
      /** For the record: what that changes in fact, and where it goes on. */
      diff?: SpecChange[] | undefined;
      from?: ResumedFrom | undefined;
    })
  | (Asked & { type: 'restart' })
  | (Asked & { type: 'requeue'; filter: Record<string, unknown>; urls: string[] })
  | (Asked & { type: 'fail-proxy'; run: number; failure: ProxyFailure })
  | (Asked & { type: 'complete'; run: number; because: Because; pages: EventData<'JobCompleted'>['pages'] })
  | (Asked & { type: 'fork'; copy: CopiedHistory<'JobForked'>; owner?: string | undefined })
  | (Asked & { type: 'import'; copy: CopiedHistory<'JobImported'>; owner?: string | undefined })
  | (Asked & { type: 'start-reextraction'; rules: ExtractionRules })
  | (Asked & { type: 'complete-reextraction'; counts: ReextractedCounts })
  | (Asked & { type: 'remove' });

export type ProxyFailure = Omit<EventData<'ProxyFailed'>, 'commandId' | 'reason' | 'run'>;
/** What came along, as whoever copied it counted. */
export type CopiedHistory<T extends 'JobForked' | 'JobImported'> = Omit<
  EventData<T>,
  'commandId' | 'reason' | 'copiedFrom' | 'run' | 'status' | 'owner'
>;
export type ReextractedCounts = Pick<EventData<'ReextractionCompleted'>, 'pages' | 'items' | 'withoutBody'>;
export type Because = EventData<'JobCompleted'>['because'];

/** What the job's history gains, or the sequence at which it holds this very command already. */
export type Decision =
  { kind: 'append'; event: DecidedEvent; expectedSeq: number } | { kind: 'already'; seq: number };

export type DecidedEvent = {
  [K in JobEventType]: { type: K; id: string; jobId: string; data: EventData<K> };
}[JobEventType];

const RESUMABLE: JobStatus[] = ['paused', 'stopped', 'error'];
const ENDED: JobStatus[] = ['paused', 'stopped', 'error', 'done'];

const WHY_NOT: Record<JobStatus, string> = {
  running: 'it is running',
  paused: 'it is paused already',
  stopped: 'it is stopped already',
  error: 'it has stopped with an error already',
  done: 'it is done',
  removed: 'it was removed',
};

/**
 * The one place where a command meets the state. Pure.
 * @throws SpoorError impossible_transition with the reason; job_not_found
 */
export function decide(jobId: string, state: JobState | null, command: JobCommand): Decision {
  const seen = state?.commands.get(command.commandId);
  if (seen !== undefined) return { kind: 'already', seq: seen };
  const ref = { commandId: command.commandId, ...(command.reason ? { reason: command.reason } : {}) };
  const append = <K extends JobEventType>(type: K, data: EventData<K>): Decision => ({
    kind: 'append',
    event: { type, id: jobEventId(jobId, command.commandId), jobId, data } as DecidedEvent,
    expectedSeq: state?.lastSeq ?? 0,
  });

  if (command.type === 'start') {
    if (state) throw new SpoorError('conflict', `Job ${jobId} exists already.`);
    const { spec, start, scrape } = command;
    const batch = scrape ? { scrape } : {};
    return append('JobStarted', {
      ...ref,
      ...ownedBy(command.owner),
      run: 1,
      generation: 1,
      spec,
      start,
      ...batch,
    });
  }
  if (!state) throw new SpoorError('job_not_found', `There is no job ${jobId}.`);

  if (state.copying && !['fork', 'import', 'remove'].includes(command.type))
    throw new SpoorError(
      'impossible_transition',
      `Job ${jobId} is a copy of ${state.copying.jobId} that is not finished.`,
      { hint: 'Repeat the fork or the import with this job id to finish it, or remove the job.' },
    );

  const allow = (verb: string, statuses: JobStatus[]): void => {
    if (!statuses.includes(state.status))
      throw new SpoorError(
        'impossible_transition',
        `Job ${jobId} cannot be ${verb} because ${WHY_NOT[state.status]}.`,
      );
  };
  const sameRun = (run: number): void => {
    if (run !== state.run)
      throw new SpoorError('conflict', `Run ${run} of job ${jobId} is over; it is in run ${state.run}.`);
  };

  const copied = ({ jobId: from, seq }: { jobId: string; seq: number }): void => {
    if (state.copying?.jobId !== from || state.copying.upTo !== seq)
      throw new SpoorError('conflict', `Job ${jobId} is no copy of ${from} up to ${seq}.`);
  };

  switch (command.type) {
    case 'pause':
      allow('paused', ['running']);
      return append('JobPaused', { ...ref, run: state.run, by: command.by ?? 'user' });
    case 'stop':
      allow('stopped', ['running', 'paused']);
      return append('JobStopped', { ...ref, run: state.run });
    case 'resume':
      allow('resumed', RESUMABLE);
      return append('JobResumed', {
        ...ref,
        run: state.run + 1,
        ...(command.changes ? { changes: command.changes } : {}),
        ...(command.diff?.length ? { diff: command.diff } : {}),
        ...command.from,
      });
    case 'restart':
      allow('restarted', ENDED);
      return append('JobRestarted', { ...ref, run: state.run + 1, generation: state.generation + 1 });
    case 'requeue':
      allow('given pages to fetch again', ['running', ...ENDED]);
      return append('PagesRequeued', {
        ...ref,
        run: state.run + 1,
        filter: command.filter,
        urls: command.urls,
      });
    case 'fail-proxy':
      allow('stopped by its proxy', ['running']);
      sameRun(command.run);
      return append('ProxyFailed', { ...ref, ...command.failure, run: state.run });
    case 'complete':
      allow('completed', ['running']);
      sameRun(command.run);
      return append('JobCompleted', {
        ...ref,
        run: state.run,
        because: command.because,
        pages: command.pages,
      });
    case 'fork':
      copied(command.copy.parent);
      return append('JobForked', { ...ref, ...ownedBy(command.owner), ...command.copy, run: state.run + 1 });
    case 'import':
      copied(command.copy.from);
      return append('JobImported', {
        ...{ ...ref, ...ownedBy(command.owner), ...command.copy },
        status: restingStatus(state),
      });
    case 'start-reextraction': {
      const status = resting(jobId, state);
      const { version, pending } = state.extraction;
      return append('ReextractionStarted', {
        ...{ ...ref, run: state.run, status, rules: command.rules },
        version: Math.max(version, pending?.version ?? 0) + 1,
      });
    }
    case 'complete-reextraction': {
      const status = resting(jobId, state);
      const { pending } = state.extraction;
      if (!pending) throw new SpoorError('conflict', `No extraction of job ${jobId} is under way.`);
      return append('ReextractionCompleted', {
        ...ref,
        run: state.run,
        status,
        ...pending,
        ...command.counts,
      });
    }
    case 'remove':
      if (state.status === 'running')
        throw new SpoorError(
          'impossible_transition',
          `Job ${jobId} cannot be removed because it is running.`,
          {
            hint: `Stop it first: spoor job stop ${jobId}, or POST /api/jobs/${jobId}/stop.`,
          },
        );
      allow('removed', ENDED);
      return append('JobRemoved', { ...ref, ...ownedBy(state.owner) });
  }
}

const ownedBy = (owner: string | null | undefined): { owner?: string } => (owner ? { owner } : {});

/** An archive may hold the history of a job that was running; its copy is not, from its first event on. */
function restingStatus({ status }: JobState): EventData<'JobImported'>['status'] {
  if (status === 'running' || status === 'removed') return 'paused';
  return status;
}

/** Nothing is fetched and nothing in flight, so that what was read is all there is. */
function resting(jobId: string, { status }: JobState): 'stopped' | 'error' | 'done' {
  if (status === 'stopped' || status === 'error' || status === 'done') return status;
  throw new SpoorError(
    'impossible_transition',
    `Job ${jobId} cannot be extracted again because it is ${status}.`,
    {
      hint: `Let it finish, or stop it first: spoor job stop ${jobId}.`,
    },
  );
}
