import type { JobEvent } from '#libs/events';
import { foldDecisions, type JobState } from '#libs/job';
import type { EventLog } from '../ports/index.js';

export interface KnownJob {
  /** null: the job was removed and its history purged. */
  state: JobState | null;
  /** Id of the decision that the state ends with. */
  eventId: string | undefined;
  /** Its trace, which goes on in what it causes. */
  traceparent?: string | undefined;
}

const MAX_JOBS = 2000;

/** Folds of the jobs that this worker has tasks of, by job, each as fresh as the newest task needs. */
export class JobCache {
  private readonly jobs = new Map<string, KnownJob>();
  private readonly loading = new Map<string, Promise<KnownJob>>();

  constructor(private readonly log: Pick<EventLog, 'readDecisions'>) {}

  /** The job at `jobSeq` or later. */
  async at(jobId: string, jobSeq: number): Promise<KnownJob> {
    const known = this.jobs.get(jobId);
    if (known && isFresh(known, jobSeq)) return known;
    // A load that others wait for may have begun before the decision that this task needs.
    const shared = await this.loading.get(jobId);
    if (shared && isFresh(shared, jobSeq)) return shared;
    const loading = this.loading.get(jobId) ?? this.load(jobId);
    this.loading.set(jobId, loading);
    return loading;
  }

  /** A decision as it is seen: of a job that begins it is all there is to know, and need not be read. */
  see(event: JobEvent): void {
    if (event.type === 'JobStarted' && !this.jobs.has(event.jobId)) this.keep(event.jobId, knownBy([event]));
  }

  forget(jobId: string): void {
    this.jobs.delete(jobId);
  }

  forgetAll(): void {
    this.jobs.clear();
  }

  private async load(jobId: string): Promise<KnownJob> {
    try {
      const decisions = await this.log.readDecisions(jobId, { bulk: false });
      const job = knownBy(decisions);
      this.keep(jobId, job);
      return job;
    } finally {
      this.loading.delete(jobId);
    }
  }

  private keep(jobId: string, job: KnownJob): void {
    this.jobs.delete(jobId);
    this.jobs.set(jobId, job);
    const oldest = this.jobs.keys().next();
    if (this.jobs.size > MAX_JOBS && !oldest.done) this.jobs.delete(oldest.value);
  }
}

function knownBy(decisions: JobEvent[]): KnownJob {
  const last = decisions.at(-1);
  // After a purge the removal stands alone, and a history without its beginning cannot be folded.
  const gone = last === undefined || last.type === 'JobRemoved';
  return {
    state: gone ? null : foldDecisions(decisions),
    eventId: last?.id,
    traceparent: last?.traceparent,
  };
}

const isFresh = ({ state }: KnownJob, jobSeq: number): boolean => state === null || state.lastSeq >= jobSeq;
