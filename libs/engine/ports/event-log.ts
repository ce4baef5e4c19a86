import type { JobEvent, LogEntry, NewJobEvent, NewPageEvent, PageEventType } from '#libs/events';

/** Where a fold stands. All three are compared at each connect; a mismatch means: rebuild, loudly. */
export interface Position {
  /** Identity of the stream: a stream that was made anew has another one. */
  stream: string;
  seq: number;
  /** Id of the event at `seq`; null when the fold has seen none yet. */
  eventId: string | null;
}

export interface LogHead {
  stream: string;
  firstSeq: number;
  lastSeq: number;
  bytes: number;
  maxBytes: number | null;
}

export interface Appended {
  seq: number;
  /** The log held this id already, at `seq`; what it holds is what counts. */
  duplicate: boolean;
}

export interface LogBatch {
  entries: LogEntry[];
  /** Sequence up to which the reader has now seen everything it asked for (also what its filter left out). */
  upTo: number;
  /** True when the log held nothing more at that moment. */
  caughtUp: boolean;
}

export interface JobReadOptions extends ReadOptions {
  /** Only page facts of this type. */
  type?: PageEventType;
}

export interface ReadOptions {
  /** First sequence wanted; default the first there is. */
  fromSeq?: number;
  /** Go on with what comes (until `signal`), or end at the head found at the call. */
  follow?: boolean;
  signal?: AbortSignal;
  /** Most entries in a batch (default 500). */
  maxBatch?: number;
  /**
   * While one follows: at most one batch in so many ms, unless `maxBatch` is there sooner (default: as soon as anything is). The
   * first event after a rest is not held back.
   */
  everyMs?: number;
  /** Fetch long lists that travel as blobs (default true); without it they are empty. */
  bulk?: boolean;
}

/** Another writer was first: the subject's last event is not the one that the decision was made on. */
export class ConflictError extends Error {
  readonly code = 'conflict';
  constructor(readonly jobId: string) {
    super(`another decision on job ${jobId} came first`);
  }
}

/** The log is not the one that was read so far: made anew, cut short, or another one. What was folded from it does not hold. */
export class LogIdentityError extends Error {
  readonly code = 'log_identity';
  constructor(message: string) {
    super(message);
    this.name = 'LogIdentityError';
  }
}

/**
 * The event log of every shard. All calls retry through reconnects until their effect is known, and give up with
 * `StoreUnavailableError` only after `SPOOR_LOG_TIMEOUT_MS`.
 */
export interface EventLog {
  /**
   * Appends one decision if the job's last decision is at `expectedSeq` (0: none yet). An event that is stored already under
   * its id is reported as a duplicate, also when the server speaks of a wrong sequence.
   * @throws ConflictError
   */
  appendJob(event: NewJobEvent, expectedSeq: number): Promise<Appended>;
  /**
   * Stores one page fact once. Calls that come together share socket writes, for which each waits a few milliseconds; `alone`
   * when none will come before this one is answered.
   */
  publishPage(event: NewPageEvent, options?: { alone?: boolean }): Promise<Appended>;
  /** The decisions of one job, oldest first. Few: no paging. */
  readDecisions(jobId: string, options?: { bulk?: boolean }): Promise<JobEvent[]>;
  /** All events of one job, in order, or those of one type. */
  readJob(jobId: string, options?: JobReadOptions): AsyncIterable<LogBatch>;
  /** All events of a shard, in order. */
  readShard(shard: number, options?: ReadOptions): AsyncIterable<LogBatch>;
  /** The decisions of all jobs of a shard from now on: how a worker learns that a run has ended. */
  watchDecisions(shard: number, signal: AbortSignal): AsyncIterable<JobEvent>;
  /** The last decision of each job of a shard. */
  lastDecisions(shard: number): Promise<JobEvent[]>;
  /** Ids of the page events of a job from a sequence on: what was recorded since a task was released. */
  pageEventIds(jobId: string, fromSeq: number): Promise<Set<string>>;
  head(shard: number): Promise<LogHead>;
  /** Id of the event at a sequence; null when it is not there (purged, or never was). */
  eventIdAt(shard: number, seq: number): Promise<string | null>;
  /**
   * Sequence from which on events were stored at `time` or later (ms, the server's clock); one behind the last when none was.
   */
  seqAt(shard: number, time: number): Promise<number>;
}
