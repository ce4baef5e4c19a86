import type { EventData, ScrapeBatch } from '#libs/events';
import type { JobPosition, JobStatus, PageSelection } from '#libs/job';

export interface CommandOptions {
  /** Repeating a command with its id gives the first one's answer. */
  commandId?: string | undefined;
  reason?: string | undefined;
}

/** Of a command that makes a job. */
export interface Owned {
  /** Id of the API key whose job it becomes; default: the operator's. */
  owner?: string | undefined;
}

export interface StartOptions extends CommandOptions, Owned {
  jobId?: string | undefined;
  /** The job is a batch of scrapes. */
  scrape?: ScrapeBatch | undefined;
}

export interface CommandAnswer {
  jobId: string;
  status: JobStatus;
  run: number;
  generation: number;
  /** Sequence of the decision in the log. */
  seq: number;
}

export interface ResumeOptions extends CommandOptions {
  /** What the new run does differently, as a person wrote it. */
  changes?: unknown;
}

/** Where the new run goes on, as it was recorded. */
export type ResumeAnswer = CommandAnswer &
  Pick<EventData<'JobResumed'>, 'done' | 'remaining' | 'lastPage' | 'nextPage' | 'diff'>;

export interface ForkOptions extends ResumeOptions, Owned {
  /** Last sequence of the parent's history that comes along; default: all of it. */
  at?: number | undefined;
  /** Id of the new job, or of a fork that was interrupted. */
  jobId?: string | undefined;
  /** Events that were copied so far. */
  onProgress?: ((events: number) => void) | undefined;
}

/** What came along, and what is still to be fetched. */
export type ForkAnswer = CommandAnswer &
  Pick<EventData<'JobForked'>, 'parent' | 'events' | 'bodies' | 'diff'> & { position: JobPosition };

export interface RequeueOptions extends CommandOptions, PageSelection {}

/** The answer of a requeue: how many pages are open again, and the first of them. */
export type RequeueAnswer = CommandAnswer & { pages: number; urls: string[] };
