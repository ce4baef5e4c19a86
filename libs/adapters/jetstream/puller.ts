import { createInbox, type Msg, type Subscription } from '@nats-io/transport-node';
import { subjects } from '#libs/events';
import { SpoorError } from '#libs/failures';
import type { Delivery, PullHandle, PullOptions, TaskBatch } from '#libs/engine/ports';
import type { LogConnection } from './connection.js';
import { toSpoorError } from './errors.js';
import { parseReply } from './session.js';
import { parseTaskBatch } from './task-batch.js';

const TASKS_A_BATCH = 8;
/** Short, because after a crash the tasks of the dead are the first thing that a resume waits for. */
const ACK_WAIT_MS = 6000;
const WORKING_MS = 2000;
const PULL_MS = 30_000;
const HEARTBEAT_MS = 5000;
const SILENCE_MS = 12_000;
const RETRY_MS = 500;

export const consumerOfPool = (pool: string): string => `pool_${pool}`;

/** Pulls batches of tasks for a worker through the durable consumer that its pool shares. */
export class FetchPuller implements PullHandle {
  private subscription: Subscription | null = null;
  private inbox = '';
  /** Batches that the server was asked for and has not sent. */
  private asked = 0;
  private heardAt = 0;
  private stopped = false;
  private attaching = false;
  private again: NodeJS.Timeout | null = null;
  /** Server's clock when this client had last (re)connected and found its consumer. */
  private connectedAt = Infinity;
  /** From this process's monotonic clock to the server's: the wall clock here may be another one, or be set. */
  private toServerClock = 0;
  private highestConsumerSeq = 0;
  /** Reply subjects of what is being worked on. */
  private readonly undone = new Set<string>();
  /** Answers that could not be sent while the connection was away. */
  private readonly unsent = new Map<string, string>();
  private readonly ticker: NodeJS.Timeout;
  private readonly offChange: () => void;
  private readonly stream: string;
  private readonly consumer: string;

  constructor(
    private readonly connection: LogConnection,
    private readonly shard: number,
    private readonly pool: string,
    private readonly options: PullOptions,
  ) {
    this.stream = subjects.fetchStream(shard);
    this.consumer = consumerOfPool(pool);
    this.ticker = setInterval(() => this.tick(), WORKING_MS);
    this.offChange = connection.onChange((up) => {
      this.detach();
      if (connection.closed) clearInterval(this.ticker);
      if (!up) return;
      for (const [reply, answer] of this.unsent) connection.nc.publish(reply, answer);
      this.unsent.clear();
      this.endWhenIdle();
      this.attachSoon(0);
    });
    this.attachSoon(0);
  }

  wake(): void {
    if (this.stopped || !this.subscription || !this.connection.connected) return;
    const free = this.options.freeSlots();
    const want = Math.ceil(free / TASKS_A_BATCH) - this.asked;
    if (want <= 0) return;
    if (this.asked === 0) this.heardAt = performance.now();
    this.asked += want;
    this.connection.nc.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${this.stream}.${this.consumer}`,
      JSON.stringify({ batch: want, expires: PULL_MS * 1e6, idle_heartbeat: HEARTBEAT_MS * 1e6 }),
      { reply: this.inbox },
    );
  }

  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    if (this.again) clearTimeout(this.again);
    const subscription = this.subscription;
    // What is still on its way arrives before the drain ends, and is handed back by `onMessage`.
    if (subscription && this.connection.connected) await subscription.drain().catch(() => {});
    this.detach();
    this.endWhenIdle();
  }

  private detach(): void {
    this.subscription?.unsubscribe();
    this.subscription = null;
    this.asked = 0;
  }

  private attachSoon(ms: number): void {
    if (this.stopped || this.attaching) return;
    if (this.again) clearTimeout(this.again);
    this.again = setTimeout(() => void this.attach(), ms);
  }

  private async attach(): Promise<void> {
    if (this.attaching || this.stopped || !this.connection.connected) return;
    this.attaching = true;
    try {
      const now = await this.ensureConsumer();
      if (this.stopped || !this.connection.connected) return;
      this.detach();
      this.connectedAt = now;
      this.toServerClock = now - performance.now();
      this.inbox = createInbox();
      this.subscription = this.connection.nc.subscribe(this.inbox, {
        callback: (error, msg) => (error ? this.lost() : this.onMessage(msg)),
      });
      this.wake();
    } catch (error) {
      this.options.onError(toSpoorError(error));
      this.again = setTimeout(() => void this.attach(), RETRY_MS);
    } finally {
      this.attaching = false;
    }
  }

  /** @returns the server's clock. */
  private async ensureConsumer(): Promise<number> {
    const filter = subjects.fetchesOfPool(this.shard, this.pool);
    const config = {
      ...{ name: this.consumer, durable_name: this.consumer, filter_subject: filter },
      ...{ ack_policy: 'explicit', ack_wait: ACK_WAIT_MS * 1e6, max_deliver: -1, max_ack_pending: 65_536 },
      ...{ deliver_policy: 'all', replay_policy: 'instant' },
    };
    const info = await this.connection.requests.json<{ ts?: string }>(
      `$JS.API.CONSUMER.CREATE.${this.stream}.${this.consumer}.${filter}`,
      { stream_name: this.stream, config },
    );
    return info.ts ? Date.parse(info.ts) : Date.now();
  }

  private get serverNow(): number {
    return performance.now() + this.toServerClock;
  }

  private lost(): void {
    this.detach();
    this.attachSoon(RETRY_MS / 10);
  }

  private onMessage(msg: Msg): void {
    this.heardAt = performance.now();
    if (msg.subject === this.inbox) return this.onStatus(msg);
    this.asked = Math.max(0, this.asked - 1);
    const reply = msg.reply ?? '';
    if (this.stopped) {
      this.connection.nc.publish(reply, '-NAK');
      return;
    }
    const batch = parseTaskBatch(msg.data);
    if (batch) this.deliver(batch, reply);
    else {
      // Left in the queue it would come again for ever; its pages are released anew once it is gone.
      this.connection.nc.publish(reply, '+ACK');
      this.options.onError(
        new SpoorError('internal', `a task of ${this.stream} cannot be read; it was put aside`),
      );
    }
    this.wake();
  }

  private deliver(batch: TaskBatch, reply: string): void {
    const { seq, deliveries, storedAt, consumerSeq } = parseReply(reply);
    // A consumer that counts from 1 again was made anew, and has forgotten what it had delivered.
    if (consumerSeq <= this.highestConsumerSeq)
      this.connectedAt = Math.max(this.connectedAt, storedAt, this.serverNow);
    this.highestConsumerSeq = consumerSeq;
    this.undone.add(reply);
    const answer = (text: string) => async (): Promise<void> => this.answer(reply, text);
    const delivery: Delivery = {
      ...batch,
      seq,
      deliveries,
      olderThanConnection: storedAt <= this.connectedAt,
      done: answer('+ACK'),
      giveBack: answer('-NAK'),
    };
    this.options.onDelivery(delivery);
  }

  private answer(reply: string, text: string): void {
    if (!this.undone.delete(reply)) return;
    if (this.connection.connected) this.connection.nc.publish(reply, text);
    else this.unsent.set(reply, text);
    this.endWhenIdle();
  }

  private onStatus(msg: Msg): void {
    const code = msg.headers?.code ?? 0;
    if (code === 100) return;
    const left = msg.headers?.get('Nats-Pending-Messages') ?? '';
    if (left === '' || code === 409) return this.lost();
    this.asked = Math.max(0, this.asked - Number(left));
    this.wake();
  }

  private tick(): void {
    if (!this.connection.connected) return;
    for (const reply of this.undone) this.connection.nc.publish(reply, '+WPI');
    if (this.asked > 0 && performance.now() - this.heardAt > SILENCE_MS) this.lost();
    this.wake();
  }

  /** After `stop` the deliveries that the worker still holds are kept alive until it lets go of the last. */
  private endWhenIdle(): void {
    if (!this.stopped || this.undone.size > 0) return;
    clearInterval(this.ticker);
    if (this.unsent.size === 0) this.offChange();
  }
}
