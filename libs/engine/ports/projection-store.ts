import type { Changes, FoldState, PageState, TableRow } from '#libs/read-models';
import type { Position } from './event-log.js';

/** The data itself cannot be stored, now or ever: the only kind of store error that parks a job. */
export class UnstorableError extends Error {
  readonly code = 'unstorable';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnstorableError';
  }
}

/** The checkpoint is not where the caller believes: another projector moved it, or a crash of the store took it back. */
export class StaleCheckpointError extends Error {
  readonly code = 'stale_checkpoint';
  constructor(readonly found: Position | null) {
    super('the checkpoint has been moved');
    this.name = 'StaleCheckpointError';
  }
}

/** Present state as the fold needs it, read under the checkpoint's lock. */
export interface ProjectedState extends Pick<FoldState, 'jobs' | 'parkedJobs'> {
  pages(pageIds: string[]): Promise<Map<string, PageState>>;
}

export interface ParkedJob {
  /** Null: events that name no job. Nothing waits behind them. */
  jobId: string | null;
  /** Of the event that could not be read or folded. */
  firstSeq: number;
  reason: string;
  codeVersion: string;
  /** Events that wait, the first included. */
  events: number;
}

export interface Commit {
  shard: number;
  expected: Position;
  next: Position;
  /** Parked events of a job up to this sequence that are folded now after all. */
  unpark?: { jobId: string; upTo: number };
  /** Jobs whose state the fold needs. */
  jobIds: string[];
  fold(state: ProjectedState): Promise<Changes>;
}

/** The read models as the projector sees them: rows and checkpoint change together or not at all. */
export interface ProjectionStore {
  /** Where the read models of a shard stand; null when they hold nothing of it. */
  checkpoint(shard: number): Promise<Position | null>;
  /**
   * Reads, folds, writes and moves the checkpoint in one transaction.
   * @throws StaleCheckpointError nothing was written
   * @throws UnstorableError nothing was written, and never will be
   */
  commit(commit: Commit): Promise<void>;
  /** Jobs with events that wait, oldest first. */
  parked(shard: number): Promise<ParkedJob[]>;
  /** All rows as they are at this moment, whatever is written while they are read. To be closed. */
  snapshot(): Promise<RowSnapshot>;
  /**
   * An empty set of tables beside the live one. Only one rebuild at a time.
   * @throws SpoorError conflict when another one is under way
   */
  beginRebuild(): Promise<RebuildTarget>;
}

export interface RowSnapshot {
  /** By shard: the place in the log that the rows tell up to. */
  readonly positions: ReadonlyMap<number, Position>;
  /** In the order of `compareKeys`; of one job, or of all. May be read once. */
  rows(jobId?: string): AsyncIterable<TableRow>;
  close(): Promise<void>;
}

export interface RebuildTarget {
  /** Appends rows that are known to be new, without keys: quick. Everything that is not an insert is done at its end. */
  readonly load: BulkLoad;
  /** The new tables as any others. Not before `load` has ended. */
  readonly store: ProjectionStore;
  /**
   * Holds the live tables still, lets `catchUp` fold what they are ahead, and puts the new ones in their place in one moment.
   * The old ones are dropped.
   */
  swap(catchUp: (live: Map<number, Position>) => Promise<void>): Promise<void>;
  /** Drops what was built. Does nothing after a swap. */
  discard(): Promise<void>;
}

export interface BulkLoad {
  /** @param fromSeq first sequence of the batch: older rows of pages that it replaces go */
  append(changes: Changes, fromSeq: number): Promise<void>;
  /** Keys, indexes, statistics and the checkpoints: from now on the tables can be read and changed. */
  end(positions: Map<number, Position>): Promise<void>;
}
