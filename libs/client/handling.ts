import { setTimeout as sleep } from 'node:timers/promises';
import { isUnreadable, type LogEntry, type StoredEvent } from '#libs/events';
import type { Checkpoint } from './checkpoint.js';
import { HandlerFailedError, RetryLaterError, UnreadableEventError } from './errors.js';
import type { EventHandler, EventMeta, HandlerMap, SubscribeOptions } from './options.js';

/** What a timer of Node can hold. */
const LONGEST_MS = 2 ** 31 - 1;

export interface Counts {
  handled: number;
  retried: number;
  deadLettered: number;
}

export interface Given {
  shard: number;
  checkpoint: Checkpoint;
  signal: AbortSignal;
  /** Whether the log still holds the entry. */
  isThere: () => Promise<boolean>;
}

/** Hands one event to its handler until it has been taken, put aside, or its attempts are used up. */
export class Handling {
  readonly counts: Counts = { handled: 0, retried: 0, deadLettered: 0 };
  private readonly attempts: number;
  private readonly baseMs: number;
  private readonly maxMs: number;

  constructor(private readonly options: Pick<SubscribeOptions, 'on' | 'retry' | 'deadLetter'>) {
    const { attempts = 5, baseMs = 200, maxMs = 30_000 } = options.retry ?? {};
    this.attempts = Math.max(1, attempts);
    this.baseMs = baseMs;
    this.maxMs = maxMs;
  }

  /**
   * @returns false when `signal` fired first: the event counts as not handled.
   * @throws HandlerFailedError, UnreadableEventError
   */
  async handle(entry: LogEntry, given: Given): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (await this.once(entry, attempt, given)) this.counts.handled += 1;
        return true;
      } catch (error) {
        if (attempt >= this.attempts) return await this.giveUp(entry, attempt, error);
        this.counts.retried += 1;
        const wait =
          error instanceof RetryLaterError
            ? Math.min(Math.max(0, error.afterMs), LONGEST_MS)
            : Math.min(this.maxMs, this.baseMs * 2 ** (attempt - 1)) * (0.75 + Math.random() / 2);
        await sleep(wait, undefined, { signal: given.signal }).catch(() => {});
        if (given.signal.aborted) return false;
      }
    }
  }

  /** False when there is nothing to handle: the event was removed together with the lists that are missing. */
  private async once(entry: LogEntry, attempt: number, given: Given): Promise<boolean> {
    if (isUnreadable(entry)) {
      if (!(await given.isThere())) return false;
      throw new UnreadableEventError(entry.type, entry.seq, entry.reason);
    }
    await call(this.options.on, entry, metaOf(entry, attempt, given));
    return true;
  }

  private async giveUp(entry: LogEntry, attempts: number, error: unknown): Promise<boolean> {
    const final =
      error instanceof UnreadableEventError ? error : new HandlerFailedError(entry, attempts, error);
    if (!this.options.deadLetter) throw final;
    await this.options.deadLetter(entry, final);
    this.counts.deadLettered += 1;
    return true;
  }
}

function metaOf(event: StoredEvent, attempt: number, { shard, checkpoint }: Given): EventMeta {
  const { type, id, jobId, seq, time, storedAt, causationId, traceparent } = event;
  return { type, id, jobId, shard, seq, time, storedAt, causationId, traceparent, attempt, checkpoint };
}

async function call(on: HandlerMap | EventHandler, event: StoredEvent, meta: EventMeta): Promise<void> {
  if (typeof on === 'function') return await on(event, meta);
  // The map pairs each type with its own data, which the compiler cannot follow through the index.
  const handler = on[event.type] as ((data: unknown, meta: EventMeta) => void | Promise<void>) | undefined;
  await handler?.(event.data, meta);
}
