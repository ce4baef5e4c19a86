import type { LogEntry } from '#libs/events';

export interface AuditedEntry {
  entry: LogEntry;
  /** Of a decision: sequence of the job's last decision that its writer saw, as it said itself. */
  expectedSeq: number | null;
}

export interface LogState {
  /** As in `Position`. */
  stream: string;
  firstSeq: number;
  lastSeq: number;
  messages: number;
  /** Sequences that the store itself calls deleted; the events of removed jobs are. */
  deleted: ReadonlySet<number>;
}

/** The log as its store holds it: for whoever checks it, not for folds. */
export interface LogAudit {
  state(shard: number): Promise<LogState>;
  /** All entries of a shard up to the head at the call, long lists fetched and checked. */
  entries(shard: number): AsyncIterable<AuditedEntry[]>;
}
