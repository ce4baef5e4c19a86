import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  natsCheckpoints,
  RetryLaterError,
  SupersededError,
  subscribe,
  type CheckpointStore,
  type Connection,
  type EventMeta,
  type StartPosition,
  type StoredEvent,
  type Subscription,
} from '#libs/client';
import type { DeliveryLog } from '#libs/adapters/jetstream/reading';
import type { Lease, Logger } from '#libs/engine/ports';
import { deliver, isGone, type Sender } from './deliver.js';
import { EarlierTries } from './earlier-tries.js';
import type { WebhookRegistry } from './registry.js';
import type { WebhookRecord } from './webhook.js';

export interface DispatcherOptions {
  /** Of all subscriptions together. */
  connection: Connection;
  registry: WebhookRegistry;
  log: DeliveryLog;
  sender: Sender;
  lease: Lease;
  holder: string;
  logger: Logger;
  /** How often the lease is renewed and the registry looked at (2000 ms). */
  lookMs?: number;
  /** Wait after the first failure, doubled up to `maxMs` (5 s, 1 h). */
  retry?: { baseMs: number; maxMs: number };
  /** A webhook whose deliveries have failed for so long is disabled (5 days). */
  giveUpMs?: number;
}

const LEASE = 'webhooks';

/**
 * Delivers events to webhooks: for each one a subscription with a checkpoint of its own, one event at a time, so that each receiver
 * gets its events in order and a slow one keeps nobody else waiting. One process of all holds the lease; should two deliver for a
 * moment, the checkpoint lets the newer one go on, and receivers see a repeat under the same `webhook-id`.
 */
export class WebhookDispatcher {
  private readonly running = new Map<string, { key: string; subscription: Subscription }>();

  constructor(private readonly options: DispatcherOptions) {}

  /** Until `signal`; waits for the deliveries under way. */
  async run(signal: AbortSignal): Promise<void> {
    const { lease, holder, logger, lookMs = 2000 } = this.options;
    while (!signal.aborted) {
      try {
        if (await lease.hold(LEASE, holder)) await this.look();
        else await this.stopAll();
      } catch (error) {
        logger.warn({ err: error }, 'webhooks wait');
      }
      await sleep(lookMs, undefined, { signal }).catch(() => {});
    }
    await this.stopAll();
    await lease.release(LEASE, holder).catch(() => {});
  }

  /** Brings what runs in line with what is registered. */
  private async look(): Promise<void> {
    const wanted = new Map<string, WebhookRecord>();
    for (const record of await this.options.registry.all())
      if (record.status === 'active') wanted.set(record.id, record);
    for (const [id, { key }] of this.running)
      if (!wanted.has(id) || keyOf(wanted.get(id)!) !== key) await this.stop(id);
    for (const record of wanted.values()) {
      if (this.running.has(record.id)) continue;
      // One that cannot begin, such as one of a job whose shard is gone, holds up no other.
      await this.begin(record).catch((error: unknown) =>
        this.options.logger.warn({ webhook: record.id, err: error }, 'a webhook waits'),
      );
    }
  }

  private async begin(record: WebhookRecord): Promise<void> {
    const { registry, connection, log, logger } = this.options;
    const { id, jobs, types } = record;
    const secret = registry.secretOf(record);
    if (secret === null)
      return this.disable(id, 'its secret was sealed under another key of the installation');
    const earlier = await EarlierTries.of(record, log);
    const ending = new AbortController();
    const failing = { since: record.failingSince };
    const subscription = await subscribe({
      ...{ connection, durable: id, checkpoints: await checkpointsOf(record, connection) },
      ...{ from: (shard: number) => startOf(record, shard), signal: ending.signal },
      ...(jobs && { jobs }),
      ...(types && { types }),
      // What was delivered is kept at once: a repeat costs the receiver more than the write costs us.
      commitEvery: { events: 1, ms: 1000 },
      retry: { attempts: Infinity },
      onReset: ({ reason }) => {
        logger.error(
          { webhook: id, reason },
          'the log is another one; a webhook goes on with what comes now',
        );
        return 'new';
      },
      on: (event, meta) =>
        this.send({ record, secret, failing, earlier, signal: ending.signal }, event, meta),
    });
    this.running.set(id, { key: keyOf(record), subscription });
    const ended = (error?: unknown): void => {
      if (this.running.get(id)?.subscription === subscription) this.running.delete(id);
      if (error && !(error instanceof SupersededError))
        logger.warn({ webhook: id, err: error }, 'a webhook begins anew');
    };
    subscription.done.then(() => ended(), ended);
  }

  private async send(
    { record, secret, failing, earlier, signal }: Delivering,
    event: StoredEvent,
    meta: EventMeta,
  ): Promise<void> {
    const { registry, giveUpMs = 5 * 86_400_000, retry = { baseMs: 5000, maxMs: 3_600_000 } } = this.options;
    const { id, type, jobId, time, data } = event;
    const message = { id, type, timestamp: time, jobId, shard: meta.shard, seq: meta.seq, data };
    if (meta.attempt === 1) await earlier.wait(id, signal);
    const attempt = earlier.countOf(id) + meta.attempt;
    const wait = (tries: number): number =>
      Math.min(retry.maxMs, retry.baseMs * 2 ** (tries - 1)) * (0.75 + Math.random() / 2);
    const done = await deliver(record, secret, message, attempt, { ...this.options, signal, wait });
    if (done.ok) {
      if (failing.since === null) return;
      failing.since = null;
      await registry.change(record.id, (now) => ({ ...now, failingSince: null }));
      return;
    }
    if (isGone(done)) await this.disable(record.id, 'the receiver has answered 410 Gone');
    if (failing.since === null) {
      failing.since = done.at;
      await registry.change(record.id, (now) => ({ ...now, failingSince: done.at }));
    } else if (Date.parse(done.at) - Date.parse(failing.since) > giveUpMs)
      await this.disable(record.id, `no delivery has succeeded since ${failing.since}`);
    const afterMs = done.nextAttemptAt === null ? retry.maxMs : Date.parse(done.nextAttemptAt) - Date.now();
    throw new RetryLaterError(done.error ?? `answered ${done.statusCode}`, afterMs);
  }

  private async disable(id: string, reason: string): Promise<void> {
    this.options.logger.error({ webhook: id, reason }, 'a webhook is disabled');
    await this.options.registry.change(id, (now) => ({ ...now, status: 'disabled', reason }));
  }

  private async stop(id: string): Promise<void> {
    const { subscription } = this.running.get(id)!;
    this.running.delete(id);
    await subscription.stop().catch(() => {});
  }

  private async stopAll(): Promise<void> {
    await Promise.all([...this.running.keys()].map((id) => this.stop(id)));
  }
}

/** What one webhook's deliveries share. */
interface Delivering {
  record: WebhookRecord;
  secret: string;
  failing: { since: string | null };
  earlier: EarlierTries;
  signal: AbortSignal;
}

/** A shard that is delivered again has a checkpoint of another name; the others keep theirs. */
async function checkpointsOf({ id, again }: WebhookRecord, connection: Connection): Promise<CheckpointStore> {
  const store = await natsCheckpoints(connection, randomUUID());
  const nameOf = (shard: number): string => `${id}-${again[shard]?.epoch ?? 1}`;
  return {
    load: (_, shard) => store.load(nameOf(shard), shard),
    save: (_, shard, checkpoint) => store.save(nameOf(shard), shard, checkpoint),
  };
}

/** What is stored between the registration and this moment is new, too. */
const startOf = ({ again, from, createdAt }: WebhookRecord, shard: number): StartPosition =>
  again[shard]?.fromSeq ?? (from === 'new' ? new Date(createdAt) : from);

/** What makes a running delivery another one. */
const keyOf = ({ epoch, url }: WebhookRecord): string => `${epoch} ${url}`;
