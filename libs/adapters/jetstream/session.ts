import { createInbox, nuid, type Msg, type Subscription } from '@nats-io/transport-node';
import type { LogConnection } from './connection.js';
import type { ApiError } from './errors.js';

const PULL_MS = 30_000;
const HEARTBEAT_MS = 5000;
/** Two heartbeats and some. */
const SILENCE_MS = 12_000;
/** The server removes a consumer that nobody pulls from after this. */
const INACTIVE_MS = 30_000;
const PULL_BYTES = 4 * 1024 * 1024;
/** How long a batch may fill while the server has more to send. */
const LINGER_MS = 20;

export interface RawMessage {
  seq: number;
  /** Server's clock, ms since the epoch. */
  storedAt: number;
  msg: Pick<Msg, 'subject' | 'data' | 'headers' | 'reply'>;
}

export interface ConsumerSpec {
  stream: string;
  /** None: everything. */
  filter?: string | undefined;
  /** First sequence wanted; or the last message of each subject. */
  from: number | 'last_per_subject';
  headersOnly?: boolean | undefined;
}

export interface TakeOptions {
  waitMs: number;
  restMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<ns>.<pending>[.<token>]` */
export function parseReply(reply: string): {
  deliveries: number;
  seq: number;
  consumerSeq: number;
  storedAt: number;
  pending: number;
} {
  const parts = reply.split('.');
  const at = parts.length > 9 ? 6 : 4;
  return {
    deliveries: Number(parts[at]),
    seq: Number(parts[at + 1]),
    consumerSeq: Number(parts[at + 2]),
    // The last six digits cut off: nanoseconds do not fit into a number.
    storedAt: Number(parts[at + 3]!.slice(0, -6)),
    pending: Number(parts[at + 4]),
  };
}

/**
 * One life of an ordered consumer: without acks, in memory, of this client alone. It pulls only what its reader has room
 * for, and is `broken` for good as soon as anything is missing or in doubt; the reader then makes another behind what it has.
 */
export class ConsumerSession {
  broken = false;
  /** Messages the server had left for this consumer when it sent the last one. */
  pending: number;
  private readonly queue: RawMessage[] = [];
  private asked = 0;
  private consumerSeq = 0;
  private heardAt = performance.now();
  private wake: (() => void) | null = null;
  private readonly inbox = createInbox();
  private readonly subscription: Subscription;
  private readonly offChange: () => void;

  private constructor(
    private readonly connection: LogConnection,
    private readonly stream: string,
    private readonly name: string,
    pending: number,
  ) {
    this.pending = pending;
    this.subscription = connection.nc.subscribe(this.inbox, {
      callback: (error, msg) => (error ? this.break() : this.onMessage(msg)),
    });
    this.offChange = connection.onChange(() => this.break());
  }

  /** @throws ApiError, SpoorError store_unavailable */
  static async open(
    connection: LogConnection,
    spec: ConsumerSpec,
    timeoutMs?: number,
  ): Promise<ConsumerSession> {
    const name = `spoor_${nuid.next()}`;
    const config = {
      name,
      ...(spec.from === 'last_per_subject'
        ? { deliver_policy: 'last_per_subject' }
        : { deliver_policy: 'by_start_sequence', opt_start_seq: Math.max(1, spec.from) }),
      ...(spec.filter !== undefined && { filter_subject: spec.filter }),
      ack_policy: 'none',
      replay_policy: 'instant',
      inactive_threshold: INACTIVE_MS * 1e6,
      mem_storage: true,
      num_replicas: 1,
      ...(spec.headersOnly && { headers_only: true }),
    };
    const suffix = spec.filter === undefined ? name : `${name}.${spec.filter}`;
    const { num_pending } = await connection.requests.json<{ num_pending: number }>(
      `$JS.API.CONSUMER.CREATE.${spec.stream}.${suffix}`,
      { stream_name: spec.stream, config },
      { timeoutMs },
    );
    return new ConsumerSession(connection, spec.stream, name, num_pending);
  }

  /** True when everything that the server had for this consumer has been taken. */
  get drained(): boolean {
    return this.queue.length === 0 && this.pending === 0;
  }

  /**
   * Up to `max` messages, fewer not before `restMs` have gone by; none when the session broke, `waitMs` went by, or `signal`
   * fired. Asks the server for more only while less than a window is asked for or waiting here.
   */
  async take(max: number, { waitMs, restMs = 0, signal }: TakeOptions): Promise<RawMessage[]> {
    const from = performance.now();
    const until = from + waitMs;
    const notBefore = from + restMs;
    let lingerUntil = 0;
    for (;;) {
      this.pull(Math.max(64, 2 * max));
      if (this.broken || signal?.aborted) return [];
      const now = performance.now();
      const have = this.queue.length;
      if (have >= max || (have > 0 && this.pending === 0 && now >= notBefore))
        return this.queue.splice(0, max);
      if (have > 0) lingerUntil ||= Math.max(now + LINGER_MS, notBefore);
      const enough = this.pending === 0 ? notBefore : lingerUntil;
      const wakeAt = have > 0 ? enough : until;
      if (now >= wakeAt) return this.queue.splice(0, max);
      await this.change(wakeAt - now, signal);
    }
  }

  private pull(window: number): void {
    if (this.broken) return;
    if (this.asked > 0 && performance.now() - this.heardAt > SILENCE_MS) return this.break();
    const room = window - this.queue.length - this.asked;
    if (room < window / 2) return;
    if (this.asked === 0) this.heardAt = performance.now();
    this.asked += room;
    const request = {
      batch: room,
      max_bytes: Math.max(PULL_BYTES, 2 * this.connection.maxPayload),
      expires: PULL_MS * 1e6,
      idle_heartbeat: HEARTBEAT_MS * 1e6,
    };
    this.connection.nc.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${this.stream}.${this.name}`,
      JSON.stringify(request),
      { reply: this.inbox },
    );
  }

  private onMessage(msg: Msg): void {
    if (this.broken) return;
    this.heardAt = performance.now();
    if (msg.subject === this.inbox) this.onStatus(msg);
    else {
      const { seq, consumerSeq, storedAt, pending } = parseReply(msg.reply ?? '');
      if (consumerSeq !== this.consumerSeq + 1) return this.break();
      this.consumerSeq = consumerSeq;
      this.pending = pending;
      this.asked = Math.max(0, this.asked - 1);
      this.queue.push({ seq, storedAt, msg });
    }
    this.wake?.();
  }

  private onStatus(msg: Msg): void {
    const code = msg.headers?.code ?? 0;
    if (code === 100) return;
    // A request that was served in one piece ends by 409 Batch Completed, which says nothing against the consumer.
    const left = msg.headers?.get('Nats-Pending-Messages') ?? '';
    if (left === '' || (code === 409 && !/maxbytes|batch completed/i.test(msg.headers?.description ?? '')))
      this.break();
    else this.asked = Math.max(0, this.asked - Number(left));
  }

  private break(): void {
    this.broken = true;
    this.wake?.();
  }

  private change(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        this.wake = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done);
      this.wake = done;
    });
  }

  close(): void {
    this.broken = true;
    this.offChange();
    this.subscription.unsubscribe();
    if (!this.connection.connected) return;
    const ignore = (_: ApiError | Error): void => {};
    this.connection.requests
      .json(`$JS.API.CONSUMER.DELETE.${this.stream}.${this.name}`, undefined, { timeoutMs: 2000 })
      .catch(ignore);
  }
}
