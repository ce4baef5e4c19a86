import { isUnreadable, type JobEvent, type LogEntry } from '#libs/events';
import type { LogBatch, LogHead, ReadOptions } from '#libs/engine/ports';
import type { ProjectorLog } from './shard-fold.js';

/** A log in memory for specs: histories of several jobs in one order, and what only a broken log does. */
export class SpecLog implements ProjectorLog {
  entries: LogEntry[] = [];
  stream = 'one';

  /** Appends at the log's end, whatever sequence the events had. */
  append(...entries: LogEntry[]): this {
    for (const entry of entries) {
      const seq = this.entries.length + 1;
      this.entries.push({ ...entry, seq, storedAt: seq * 1000 });
    }
    return this;
  }

  /** What a reader gets behind `seq`. */
  batch(from = 1, to = this.entries.length): LogBatch {
    return { entries: this.entries.slice(from - 1, to), upTo: to, caughtUp: to === this.entries.length };
  }

  async head(): Promise<LogHead> {
    return { stream: this.stream, firstSeq: 1, lastSeq: this.entries.length, bytes: 0, maxBytes: null };
  }

  async eventIdAt(_: number, seq: number): Promise<string | null> {
    return this.entries[seq - 1]?.id ?? null;
  }

  async *readShard(
    _: number,
    { fromSeq = 1, maxBatch = 7, signal }: ReadOptions = {},
  ): AsyncIterable<LogBatch> {
    // As from the real log: a reader that is told to end does so without a word.
    for (let from = fromSeq; from <= this.entries.length && !signal?.aborted; from += maxBatch)
      yield this.batch(from, Math.min(from + maxBatch - 1, this.entries.length));
  }

  async *readJob(jobId: string, { fromSeq = 1 }: ReadOptions = {}): AsyncIterable<LogBatch> {
    const entries = this.entries.filter((entry) => entry.jobId === jobId && entry.seq >= fromSeq);
    yield { entries, upTo: this.entries.length, caughtUp: true };
  }

  async lastDecisions(): Promise<JobEvent[]> {
    const last = new Map<string, JobEvent>();
    for (const entry of this.entries)
      if (!isUnreadable(entry) && isDecision(entry)) last.set(entry.jobId, entry);
    return [...last.values()];
  }
}

const isDecision = (entry: Exclude<LogEntry, { unreadable: true }>): entry is JobEvent =>
  !('try' in entry.data);
