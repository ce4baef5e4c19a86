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
/** Characters of these that are held; what comes before is read again. */
const HELD_CHARS = 32 * 1024 * 1024;

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
  for (let toSeq = Math.min(range.toSeq ?? lastSeq, lastSeq); toSeq >= first;) {
    const fromSeq = Math.max(first, toSeq - WINDOW + 1);
    const held = new Held(range.limit ?? Infinity);
    for await (const entry of forwards(read, { ...range, fromSeq, toSeq })) held.push(entry);
    yield* held.entries.toReversed();
    toSeq = held.dropped ?? fromSeq - 1;
  }
}

/** The last entries of a window, as many as may be held. */
class Held {
  readonly entries: LogEntry[] = [];
  /** The last one that had to go. */
  dropped: number | null = null;
  private readonly chars: number[] = [];
  private sum = 0;

  constructor(private readonly limit: number) {}

  push(entry: LogEntry): void {
    const chars = JSON.stringify(entry).length;
    this.entries.push(entry);
    this.chars.push(chars);
    this.sum += chars;
    while (this.entries.length > this.limit || (this.sum > HELD_CHARS && this.entries.length > 1)) {
      this.dropped = this.entries.shift()!.seq;
      this.sum -= this.chars.shift()!;
    }
  }
}
