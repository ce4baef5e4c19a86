import {
  createInbox,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type Subscription,
} from '@nats-io/transport-node';
import { ApiError, unavailable } from './errors.js';

/** An attempt that got no answer is sent again after this; doubled up to four times as long. */
const ATTEMPT_MS = 3000;
const SWEEP_MS = 200;

interface Pending {
  subject: string;
  payload: Uint8Array | string;
  headers: MsgHdrs | undefined;
  deadline: number;
  attempts: number;
  /** When it goes out again if nothing answers. */
  resendAt: number;
  accept: (reply: Msg) => 'retry' | 'done';
  reject: (error: unknown) => void;
}

export interface RequestOptions {
  headers?: MsgHdrs | undefined;
  timeoutMs?: number | undefined;
}

/**
 * Requests that are repeated, byte for byte, until an answer comes: through time-outs, missing responders and reconnects, and
 * in their first order. One inbox and one timer serve all of them, since building an error and a timer for each
 * request costs more than the request.
 */
export class Requests {
  private readonly pending = new Map<string, Pending>();
  private readonly inbox = createInbox();
  private readonly subscription: Subscription;
  private nextToken = 0;
  private sweeper: NodeJS.Timeout | null = null;
  private connected = true;
  private closed = false;
  /** Wall clock of the last publish that was refused for want of room; null when a later one was taken. */
  refusedAt: number | null = null;

  constructor(
    private readonly nc: NatsConnection,
    private readonly timeoutMs: number,
  ) {
    this.subscription = nc.subscribe(`${this.inbox}.*`, {
      callback: (error, reply) => {
        if (error) this.fail(unavailable('NATS does not let this client receive answers', error));
        else this.onReply(reply);
      },
    });
  }

  /** @throws SpoorError store_unavailable, ApiError */
  json<T>(subject: string, body: unknown, options: RequestOptions = {}): Promise<T> {
    return this.send(subject, body === undefined ? '' : JSON.stringify(body), options, (reply) => {
      const answer = reply.json<{ error?: { code: number; err_code?: number; description?: string } }>();
      if (!answer.error) return answer as T;
      const { code, err_code, description } = answer.error;
      return new ApiError(code, err_code ?? 0, description ?? '');
    });
  }

  /** A publish and its acknowledgement. */
  publish(
    subject: string,
    payload: Uint8Array | string,
    options: RequestOptions = {},
  ): Promise<{ seq: number; duplicate?: boolean }> {
    return this.send(subject, payload, options, (reply) => {
      const answer = reply.json<{
        seq: number;
        duplicate?: boolean;
        error?: { code: number; err_code?: number; description?: string };
      }>();
      if (!answer.error) {
        this.refusedAt = null;
        return answer;
      }
      const { code, err_code, description } = answer.error;
      const refusal = new ApiError(code, err_code ?? 0, description ?? '');
      if (refusal.isFull) this.refusedAt = Date.now();
      return refusal;
    });
  }

  /** A message as it is stored, or null when there is none. */
  direct(subject: string, body: unknown): Promise<Msg | null> {
    return this.send(subject, body === undefined ? '' : JSON.stringify(body), {}, (reply) =>
      reply.headers?.code === 404 ? null : reply,
    );
  }

  private send<T>(
    subject: string,
    payload: Uint8Array | string,
    options: RequestOptions,
    read: (reply: Msg) => T | ApiError,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.closed) {
        reject(unavailable('the connection to NATS is closed'));
        return;
      }
      const token = (this.nextToken++).toString(36);
      const now = performance.now();
      const entry: Pending = {
        subject,
        payload,
        headers: options.headers,
        deadline: now + (options.timeoutMs ?? this.timeoutMs),
        attempts: 0,
        resendAt: 0,
        reject,
        accept: (reply) => {
          if (reply.headers?.code === 503) return 'retry';
          const value = read(reply);
          // The server is there but not ready: elections, recovery, a stream that moves.
          if (value instanceof ApiError && value.code === 503 && !value.isFull) return 'retry';
          if (value instanceof ApiError) reject(value);
          else resolve(value);
          return 'done';
        },
      };
      this.pending.set(token, entry);
      if (this.connected) this.transmit(token, entry, now);
      this.sweeper ??= setInterval(() => this.sweep(), SWEEP_MS);
    });
  }

  private transmit(token: string, entry: Pending, now: number): void {
    entry.resendAt = now + ATTEMPT_MS * Math.min(4, 2 ** entry.attempts);
    entry.attempts += 1;
    try {
      this.nc.publish(entry.subject, entry.payload, {
        reply: `${this.inbox}.${token}`,
        ...(entry.headers && { headers: entry.headers }),
      });
    } catch (error) {
      this.pending.delete(token);
      entry.reject(unavailable('the request could not be sent to NATS', error));
    }
  }

  private onReply(reply: Msg): void {
    const token = reply.subject.slice(this.inbox.length + 1);
    const entry = this.pending.get(token);
    if (!entry) return;
    let verdict: 'retry' | 'done';
    try {
      verdict = entry.accept(reply);
    } catch (error) {
      entry.reject(unavailable('NATS gave an answer that is not understood', error));
      verdict = 'done';
    }
    if (verdict === 'done') {
      this.pending.delete(token);
      if (this.pending.size === 0) this.rest();
    } else entry.resendAt = performance.now() + Math.min(1000, 50 * 2 ** entry.attempts);
  }

  private sweep(): void {
    const now = performance.now();
    for (const [token, entry] of this.pending) {
      if (now >= entry.deadline) {
        this.pending.delete(token);
        entry.reject(unavailable('NATS does not answer'));
      } else if (this.connected && now >= entry.resendAt) this.transmit(token, entry, now);
    }
    if (this.pending.size === 0) this.rest();
  }

  private rest(): void {
    if (this.sweeper) clearInterval(this.sweeper);
    this.sweeper = null;
  }

  /** What was written to a lost connection may have arrived or not: all of it goes out again at once. */
  setConnected(connected: boolean): void {
    this.connected = connected;
    if (!connected) return;
    const now = performance.now();
    for (const [token, entry] of this.pending) this.transmit(token, entry, now);
  }

  /** Waits until nothing is under way, at most `ms`. */
  async idle(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (this.pending.size > 0 && performance.now() < until) await new Promise((r) => setTimeout(r, 5));
  }

  fail(error: unknown): void {
    const entries = [...this.pending.values()];
    this.pending.clear();
    this.rest();
    for (const entry of entries) entry.reject(error);
  }

  close(): void {
    this.closed = true;
    this.subscription.unsubscribe();
    this.fail(unavailable('the connection to NATS is closed'));
  }
}
