import { isUnreadable, type EventType, type StoredEvent } from '#libs/events';
import type { EventLog } from '#libs/engine/ports';
import { backoff, errorText, sleep, type TransportLogger } from './support.js';

/** Handlers of one shard that run at once; the log is not read further while there are as many. */
const AT_ONCE = 64;

export interface BroadcastOptions {
  eventLog: EventLog;
  shard: number;
  types: ReadonlySet<EventType>;
  handle: (event: StoredEvent, shard: number) => Promise<void>;
  /** Calls of one handler for one event before it is given up. */
  attempts: number;
  onGiveUp: (event: StoredEvent, error: unknown) => void;
  logger: TransportLogger;
}

/** Hands events to those who want to hear of them, from the head found at the start on. */
export class BroadcastRunner {
  private readonly ended = new AbortController();
  private readonly handling = new Set<Promise<void>>();
  private running: Promise<void> = Promise.resolve();
  /** Next sequence wanted; null until the head is known. */
  private next: number | null = null;

  constructor(private readonly options: BroadcastOptions) {}

  /** Resolves when nothing that is stored from then on is missed. */
  async start(): Promise<void> {
    this.next = (await this.options.eventLog.head(this.options.shard)).lastSeq + 1;
    this.running = this.run(this.next);
  }

  async stop(): Promise<void> {
    this.ended.abort();
    await this.running;
    await Promise.all(this.handling);
  }

  private async run(from: number): Promise<void> {
    const { signal } = this.ended;
    let fromSeq = from;
    for (let failures = 0; !signal.aborted;) {
      try {
        for await (const batch of this.options.eventLog.readShard(this.options.shard, {
          ...{ fromSeq, follow: true, signal, bulk: false },
        })) {
          for (const entry of batch.entries) await this.offer(entry);
          fromSeq = batch.upTo + 1;
          failures = 0;
        }
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        this.options.logger.error(`listening to shard ${this.options.shard} broke off: ${errorText(error)}`);
        await sleep(Math.min(5000, backoff(failures)), signal);
        // A log that was made anew begins at 1 again; what came in between is not ours to find.
        fromSeq = await this.present(fromSeq);
      }
    }
  }

  private async present(fromSeq: number): Promise<number> {
    try {
      const { lastSeq } = await this.options.eventLog.head(this.options.shard);
      return Math.min(fromSeq, lastSeq + 1);
    } catch {
      return fromSeq;
    }
  }

  private async offer(entry: Parameters<typeof isUnreadable>[0]): Promise<void> {
    if (isUnreadable(entry)) {
      this.options.logger.warn(
        `event ${entry.seq} of shard ${this.options.shard} cannot be read: ${entry.reason}`,
      );
      return;
    }
    if (!this.options.types.has(entry.type)) return;
    const work = this.attempt(entry).finally(() => this.handling.delete(work));
    this.handling.add(work);
    if (this.handling.size >= AT_ONCE) await Promise.race(this.handling);
  }

  private async attempt(event: StoredEvent): Promise<void> {
    const { attempts, handle, shard, logger, onGiveUp } = this.options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await handle(event, shard);
      } catch (error) {
        logger.error(
          `handler of ${event.type} failed at ${event.seq} (try ${attempt} of ${attempts}): ${errorText(error)}`,
        );
        if (attempt >= attempts || this.ended.signal.aborted) return onGiveUp(event, error);
        await sleep(Math.min(5000, backoff(attempt)), this.ended.signal);
      }
    }
  }
}
