import type { LogEntry } from '#libs/events';
import type { LogBatch, LogHead, ReadOptions } from '#libs/engine/ports';

/** Reads a job's events, or a shard's. */
export type ReadEvents = (options: ReadOptions) => AsyncIterable<LogBatch>;

export interface HistoryRange {
  /** Both ends belong to it; default all there is. */
  fromSeq?: number | undefined;
  toSeq?: number | undefined;
  /** Which of them; default all. */
  wants?: ((entry: LogEntry) => boolean) | undefined;
  /** The last one first. Not with `follow`. */
  reverse?: boolean | undefined;
  /** Go on with what comes, until `signal` or `toSeq`. */
  follow?: boolean | undefined;
  /** Events at most. */
  limit?: number | undefined;
  /** False leaves long lists empty. */
  bulk?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** Sequences that are read at a time when it goes backwards: the log itself is read forwards only. */
const WINDOW = 5000;

/** Events one by one, in bounded memory, in either direction. */
export async function* readHistory(
  read: ReadEvents,
  head: Pick<LogHead, 'firstSeq' | 'lastSeq'>,
  range: HistoryRange,
): AsyncGenerator<LogEntry, void, undefined> {
  let left = range.limit ?? Infinity;
  for await (const entry of range.reverse ? backwards(read, head, range) : forwards(read, range)) {
    if (left-- <= 0) return;
    yield entry;
    if (left <= 0) return;
  }
}

async function* forwards(read: ReadEvents, range: HistoryRange): AsyncGenerator<LogEntry, void, undefined> {
  const { fromSeq = 1, toSeq = Infinity, follow = false, bulk = true, signal, wants } = range;
  if (toSeq < fromSeq) return;
  const options = { fromSeq: Math.max(1, fromSeq), follow, bulk, ...(signal ? { signal } : {}) };
  for await (const { entries, upTo } of read(options)) {
    for (const entry of entries) {
      if (entry.seq > toSeq) return;
      if (wants?.(entry) ?? true) yield entry;
    }
    if (upTo >= toSeq) return;
  }
}

async function* backwards(
  read: ReadEvents,
  { firstSeq, lastSeq }: Pick<LogHead, 'firstSeq' | 'lastSeq'>,
  range: HistoryRange,
): AsyncGenerator<LogEntry, void, undefined> {
  const first = Math.max(firstSeq, range.fromSeq ?? 1, 1);
  for (let toSeq = Math.min(range.toSeq ?? lastSeq, lastSeq); toSeq >= first; toSeq -= WINDOW) {
    const fromSeq = Math.max(first, toSeq - WINDOW + 1);
    const window: LogEntry[] = [];
    for await (const entry of forwards(read, { ...range, fromSeq, toSeq })) window.push(entry);
    yield* window.reverse();
  }
}
