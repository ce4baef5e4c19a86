import { eventLine, type LogEntry } from '#libs/events';
import { readHistory, type HistoryRange, type ReadEvents } from '#libs/engine';
import type { LogBatch, LogHead } from '#libs/engine/ports';
import type { EventsPage } from '../schemas/event-answers.js';

/** Events of a job or a shard that somebody asks for. */
export interface WantedEvents {
  read: ReadEvents;
  head: Pick<LogHead, 'firstSeq' | 'lastSeq'>;
  /** Both ends belong to it. */
  fromSeq: number;
  toSeq: number;
  wants: (entry: LogEntry) => boolean;
  reverse: boolean;
}

/** One event may hold fifty thousand links; a page of events ends before it holds this much. */
const PAGE_CHARS = 8 * 1024 * 1024;
const BATCH = 100;
/** Where little is wanted, or is the caller's, a page may hold none; it ends all the same, and says where to go on. */
const LOOKED_AT = 20_000;

/** Up to `limit` events; fewer when they are large, or far between. */
export async function eventsPage(
  wanted: WantedEvents,
  limit: number,
  signal: AbortSignal,
): Promise<EventsPage> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    return await (wanted.reverse ? pageBackwards : pageForwards)(wanted, limit, ended.signal);
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

async function pageForwards(
  { read, fromSeq, toSeq, wants }: WantedEvents,
  limit: number,
  signal: AbortSignal,
): Promise<EventsPage> {
  const page = new Page(limit);
  let next = fromSeq;
  if (toSeq < fromSeq) return { items: [], next, caughtUp: true };
  for await (const batch of read({ fromSeq, maxBatch: BATCH, signal })) {
    for (const entry of batch.entries) {
      if (entry.seq > toSeq) return { items: page.items, next: toSeq + 1, caughtUp: true };
      if (page.isFull) return { items: page.items, next, caughtUp: false };
      if (wants(entry)) page.add(entry);
      next = entry.seq + 1;
    }
    next = Math.max(next, Math.min(batch.upTo, toSeq) + 1);
    if (batch.caughtUp || batch.upTo >= toSeq) return { items: page.items, next, caughtUp: true };
    if (next - fromSeq >= LOOKED_AT) return { items: page.items, next, caughtUp: false };
  }
  return { items: page.items, next, caughtUp: !signal.aborted };
}

async function pageBackwards(wanted: WantedEvents, limit: number, signal: AbortSignal): Promise<EventsPage> {
  const page = new Page(limit);
  let next = Math.min(wanted.toSeq, wanted.head.lastSeq);
  for await (const entry of backwards(wanted, signal)) {
    if (page.isFull) return { items: page.items, next, caughtUp: false };
    page.add(entry);
    next = entry.seq - 1;
  }
  if (signal.aborted) return { items: page.items, next, caughtUp: false };
  return { items: page.items, next: Math.max(0, wanted.fromSeq - 1), caughtUp: true };
}

const rangeOf = ({ fromSeq, toSeq, wants, reverse }: WantedEvents, signal: AbortSignal): HistoryRange => ({
  ...{ fromSeq, toSeq, wants, reverse, signal },
});

const backwards = (wanted: WantedEvents, signal: AbortSignal): AsyncIterable<LogEntry> =>
  readHistory(wanted.read, wanted.head, rangeOf(wanted, signal));

class Page {
  readonly items: LogEntry[] = [];
  private chars = 0;

  constructor(private readonly limit: number) {}

  get isFull(): boolean {
    return this.items.length >= this.limit || this.chars >= PAGE_CHARS;
  }

  add(entry: LogEntry): void {
    this.items.push(entry);
    this.chars += JSON.stringify(entry).length;
  }
}

/** What the log holds at the call, one event a line: what `spoor replay` reads. */
export async function* eventLines(
  wanted: WantedEvents,
  limit: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const read: ReadEvents = (options) => wanted.read({ ...options, maxBatch: BATCH });
  for await (const entry of readHistory(read, wanted.head, { ...rangeOf(wanted, signal), limit }))
    yield `${eventLine(entry)}\n`;
}

/** The history and what comes, as far as it is wanted; ends behind `toSeq`, or when `limit` have come. */
export async function* eventsFollowed(
  { read, fromSeq, toSeq, wants }: WantedEvents,
  limit: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<LogBatch, void, undefined> {
  let left = limit ?? Infinity;
  if (toSeq < fromSeq) return;
  for await (const batch of read({ fromSeq, follow: true, signal, maxBatch: BATCH })) {
    const entries = batch.entries.filter((entry) => entry.seq <= toSeq && wants(entry)).slice(0, left);
    left -= entries.length;
    if (entries.length > 0) yield { ...batch, entries };
    if (left <= 0 || batch.upTo >= toSeq) return;
  }
}
