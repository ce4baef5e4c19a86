import type { EventHandlers, JobEvent, JobEventType } from '#libs/events';
import type { JobState, JobStatus } from '#libs/job';
import type { TaskBatch } from '../ports/index.js';

/** Everything up to and with this run, and up to and with this generation, has ended. */
export interface RunEnd {
  run: number;
  generation: number;
}

const upToRun = (_: null, { data }: { data: { run: number } }): RunEnd => ({ run: data.run, generation: 0 });

const ends: EventHandlers<null, RunEnd, JobEventType> = {
  JobStopped: upToRun,
  ProxyFailed: upToRun,
  JobCompleted: upToRun,
  JobRestarted: (_, { data }) => ({ run: 0, generation: data.generation - 1 }),
  JobRemoved: () => ({ run: Number.MAX_SAFE_INTEGER, generation: Number.MAX_SAFE_INTEGER }),
  // A pause lets tasks finish; the rest opens work and ends none.
  JobPaused: 'ignored',
  JobStarted: 'ignored',
  JobResumed: 'ignored',
  PagesRequeued: 'ignored',
  JobForked: 'ignored',
  JobImported: 'ignored',
  ReextractionStarted: 'ignored',
  ReextractionCompleted: 'ignored',
};

/** What a decision ends; null: nothing. */
export function endedBy(event: JobEvent): RunEnd | null {
  const handler = ends[event.type];
  return handler === 'ignored' ? null : (handler as (state: null, event: JobEvent) => RunEnd)(null, event);
}

const ENDED: readonly JobStatus[] = ['stopped', 'error', 'done', 'removed'];

/** Whether the job's own history says that a batch has lost its purpose; null is a job whose history was purged. */
export const endedInHistory = (state: JobState | null, batch: TaskBatch): boolean =>
  state === null || ENDED.includes(state.status) || batch.generation < state.generation;

const MAX_JOBS = 10_000;

/** Runs whose end this worker has seen; a batch of such a run may still arrive. */
export class EndedRuns {
  private readonly ends = new Map<string, RunEnd>();

  add(jobId: string, end: RunEnd): void {
    const before = this.ends.get(jobId);
    this.ends.delete(jobId);
    this.ends.set(jobId, {
      run: Math.max(end.run, before?.run ?? 0),
      generation: Math.max(end.generation, before?.generation ?? 0),
    });
    const oldest = this.ends.keys().next();
    if (this.ends.size > MAX_JOBS && !oldest.done) this.ends.delete(oldest.value);
  }

  has({ jobId, run, generation }: TaskBatch): boolean {
    const end = this.ends.get(jobId);
    return end !== undefined && (run <= end.run || generation <= end.generation);
  }
}
