import { LogIdentityError } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import type { LogConnection } from './connection.js';
import { decodeEnvelope } from './envelope.js';
import { ApiError, toSpoorError } from './errors.js';
import { GapWatch } from './gaps.js';
import { ConsumerSession, type RawMessage } from './session.js';
import { leaderMessage } from './stored.js';
import { identityOf, streamInfo, type StreamInfo } from './streams.js';

/** How often a reader that waits asks how far the log has come and whether its consumer still lives. */
const IDLE_MS = 1000;
const MAX_BACKOFF_MS = 2000;
/** The consumer says that nothing is left, the stream's leader that something is: a replica lags, or the consumer is stuck. */
const STUCK_MS = 10_000;

export interface RawBatch {
  messages: RawMessage[];
  upTo: number;
  caughtUp: boolean;
}

export interface RawReadOptions {
  stream: string;
  filter?: string | undefined;
  fromSeq?: number | undefined;
  follow?: boolean | undefined;
  signal?: AbortSignal | undefined;
  maxBatch: number;
  /** At most one batch in so many ms while fewer than `maxBatch` messages are there. */
  everyMs?: number | undefined;
  headersOnly?: boolean | undefined;
}

/**
 * Messages of a stream in order, without gap or double, across reconnects, restarts of the server and lost consumers. Ends at
 * the head found first unless it follows. A reader that follows waits for the server as long as it takes; another one gives up
 * after the connection's time-out.
 *
 * @throws LogIdentityError, SpoorError store_unavailable
 */
export async function* readRaw(
  connection: LogConnection,
  options: RawReadOptions,
): AsyncGenerator<RawBatch, void, undefined> {
  const reader = new Reader(connection, options);
  try {
    yield* reader.run();
  } finally {
    reader.close();
  }
}

class Reader {
  private session: ConsumerSession | null = null;
  /** Last message that was handed on. */
  private last: RawMessage | null = null;
  private lastSeq: number;
  private upTo: number;
  private identity: string | null = null;
  private bound = Infinity;
  private failures = 0;
  private announced = false;
  private stuckSince = 0;
  /** Null with a filter: there gaps are the rule. */
  private readonly gaps: GapWatch | null;
  /** When the last messages were handed on. */
  private handedAt = -Infinity;

  constructor(
    private readonly connection: LogConnection,
    private readonly options: RawReadOptions,
  ) {
    this.lastSeq = Math.max(0, (options.fromSeq ?? 1) - 1);
    this.upTo = this.lastSeq;
    this.gaps = options.filter === undefined ? new GapWatch(connection, options.stream) : null;
  }

  close(): void {
    this.session?.close();
  }

  async *run(): AsyncGenerator<RawBatch, void, undefined> {
    const { signal, maxBatch, follow } = this.options;
    while (!signal?.aborted) {
      let batch: RawBatch | null;
      try {
        this.session ??= await unlessAborted(this.attach(), signal);
        if (!follow && this.bound <= this.upTo) {
          if (!this.announced) yield { messages: [], upTo: this.upTo, caughtUp: true };
          return;
        }
        const waitMs = this.firstLook ? 0 : IDLE_MS;
        const messages = await this.session.take(maxBatch, { waitMs, restMs: this.restMs, signal });
        batch = await unlessAborted(this.accept(messages, this.session), signal);
      } catch (error) {
        if (signal?.aborted) return;
        await this.recover(error);
        continue;
      }
      if (batch) {
        this.announced = batch.caughtUp;
        if (batch.messages.length > 0) this.handedAt = performance.now();
        yield batch;
        if (!follow && batch.caughtUp) return;
      } else if (this.session.broken) await this.recover(null);
    }
  }

  /** How long it is until the next batch may be handed on. */
  private get restMs(): number {
    const { everyMs = 0 } = this.options;
    return Math.max(this.handedAt + everyMs - performance.now(), 0);
  }

  /** Right after an attach with nothing to come, the head is looked up before any waiting. */
  private get firstLook(): boolean {
    return !this.announced && this.session?.drained === true && this.stuckSince === 0;
  }

  private async accept(messages: RawMessage[], session: ConsumerSession): Promise<RawBatch | null> {
    const { follow, filter } = this.options;
    const fresh = messages.filter((m) => m.seq <= this.bound);
    const last = fresh.at(-1);
    if (last) {
      this.gaps?.see(fresh, this.lastSeq);
      this.last = last;
      this.lastSeq = last.seq;
      this.upTo = Math.max(this.upTo, last.seq);
      this.failures = 0;
      this.stuckSince = 0;
    }
    if (fresh.length < messages.length || this.upTo >= this.bound) {
      this.upTo = Math.max(this.upTo, this.bound);
      return { messages: fresh, upTo: this.upTo, caughtUp: true };
    }
    if (session.broken && !last) return null;
    // Nothing came though something should: purged meanwhile, or all is read.
    const idle = messages.length === 0;
    const settled = session.drained || idle;
    if (!settled) return { messages: fresh, upTo: this.upTo, caughtUp: false };
    const needsHead = !this.announced || !follow || (idle && filter !== undefined);
    if (!needsHead) return last ? { messages: fresh, upTo: this.upTo, caughtUp: true } : null;
    return this.look(fresh, idle);
  }

  /** How far the log has come without anything more for this reader. */
  private async look(fresh: RawMessage[], idle: boolean): Promise<RawBatch | null> {
    const before = this.upTo;
    const head = await this.reached();
    if (head === null) {
      this.stuckSince ||= performance.now();
      if (idle && performance.now() - this.stuckSince > STUCK_MS) {
        this.stuckSince = 0;
        this.session?.close();
      }
      return fresh.length > 0 ? { messages: fresh, upTo: this.upTo, caughtUp: false } : null;
    }
    this.stuckSince = 0;
    this.upTo = Math.max(this.upTo, head);
    if (fresh.length === 0 && this.announced && this.upTo === before) return null;
    return { messages: fresh, upTo: this.upTo, caughtUp: true };
  }

  /** Sequence up to which nothing is left to come; null when something is. */
  private async reached(): Promise<number | null> {
    const { stream, filter } = this.options;
    const head = Number.isFinite(this.bound)
      ? this.bound
      : (await streamInfo(this.connection, stream)).state.last_seq;
    if (head <= this.lastSeq) return head;
    const query = { seq: this.lastSeq + 1, next_by_subj: filter ?? '>' };
    const next = await leaderMessage(this.connection, stream, query);
    return next === null || next.seq > head ? head : null;
  }

  private async attach(): Promise<ConsumerSession> {
    const { stream, filter, headersOnly, follow } = this.options;
    const info = await streamInfo(this.connection, stream);
    await this.checkIdentity(info);
    if (!follow && this.bound === Infinity) this.bound = info.state.last_seq;
    const from = this.lastSeq + 1;
    const session = await ConsumerSession.open(this.connection, { stream, filter, from, headersOnly });
    if (this.options.signal?.aborted) session.close();
    return session;
  }

  private async checkIdentity(info: StreamInfo): Promise<void> {
    const { stream } = this.options;
    const identity = identityOf(stream, info);
    this.identity ??= identity;
    if (identity !== this.identity)
      throw new LogIdentityError(`stream ${stream} was made anew while it was read`);
    if (info.state.last_seq < this.lastSeq)
      throw new LogIdentityError(
        `stream ${stream} ends at ${info.state.last_seq}, but ${this.lastSeq} was read from it`,
      );
    if (!this.last) return;
    const now = await leaderMessage(this.connection, stream, { seq: this.last.seq });
    if (now === null) return;
    if (decodeEnvelope(now.headers).id !== decodeEnvelope(this.last.msg.headers).id)
      throw new LogIdentityError(
        `stream ${stream} holds another event at ${this.last.seq} than was read there`,
      );
  }

  private async recover(error: unknown): Promise<void> {
    this.session?.close();
    this.session = null;
    if (error instanceof LogIdentityError) throw error;
    if (error instanceof ApiError && error.isStreamMissing)
      throw new LogIdentityError(`stream ${this.options.stream} is gone`);
    const lasting = error !== null && !(error instanceof ApiError);
    if (lasting && (!this.options.follow || this.connection.closed || !(error instanceof SpoorError)))
      throw toSpoorError(error);
    if (error instanceof ApiError && this.failures > 20 && !this.options.follow) throw toSpoorError(error);
    if (this.failures > 3)
      this.connection.logger.warn(`reading ${this.options.stream} is interrupted again and again; going on`);
    // The first time at once: after a reconnect nothing is gained by waiting.
    if (this.failures > 0)
      await pause(Math.min(MAX_BACKOFF_MS, 25 * 2 ** this.failures), this.options.signal);
    this.failures += 1;
  }
}

/** Rejects as soon as `signal` fires: a reader that is told to end does not wait for a server that is away. */
export function unlessAborted<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new Error('aborted'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
