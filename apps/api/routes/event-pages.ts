import { eventLine, type LogEntry } from '#libs/events';
import type { LogBatch, ReadOptions } from '#libs/engine/ports';
import type { EventsPage } from '../schemas/answers.js';

export type ReadEvents = (options: ReadOptions) => AsyncIterable<LogBatch>;

/** One event may hold fifty thousand links; a page of events ends before it holds this much. */
const PAGE_CHARS = 8 * 1024 * 1024;
const BATCH = 100;
/** Of a log with many others' events a page may hold none; it ends all the same, and says where to go on. */
const LOOKED_AT = 20_000;

/** Up to `limit` events from a sequence on; fewer when they are large. */
export async function eventsPage(read: ReadEvents, fromSeq: number, limit: number): Promise<EventsPage> {
  const items: LogEntry[] = [];
  const ended = new AbortController();
  let next = fromSeq;
  let size = 0;
  try {
    for await (const batch of read({ fromSeq, maxBatch: Math.min(limit, BATCH), signal: ended.signal })) {
      for (const entry of batch.entries) {
        if (items.length >= limit || size >= PAGE_CHARS) return { items, next, caughtUp: false };
        items.push(entry);
        next = entry.seq + 1;
        size += JSON.stringify(entry).length;
      }
      next = Math.max(next, batch.upTo + 1);
      if (batch.caughtUp) return { items, next, caughtUp: true };
      if (next - fromSeq >= LOOKED_AT) return { items, next, caughtUp: false };
    }
    return { items, next, caughtUp: true };
  } finally {
    ended.abort();
  }
}

/** Everything that the log holds at the call, one event a line: what `spoor replay` reads. */
export async function* eventLines(
  read: ReadEvents,
  fromSeq: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  for await (const batch of read({ fromSeq, maxBatch: BATCH, signal })) {
    for (const entry of batch.entries) yield `${eventLine(entry)}\n`;
  }
}
