import { randomUUID } from 'node:crypto';
import { openLogReader, type DeliveryLog } from '#libs/adapters/jetstream/reading';
import type { Lease, Logger, TargetCheck } from '#libs/engine/ports';
import { deliver, type Sender } from './deliver.js';
import { WebhookDispatcher, type DispatcherOptions } from './dispatcher.js';
import { WebhookRegistry } from './registry.js';
import { SecretBox } from './signature.js';
import {
  delivery,
  viewOf,
  type Delivery,
  type RedeliverInput,
  type WebhookInput,
  type WebhookView,
} from './webhook.js';

export interface WebhookOptions extends Pick<DispatcherOptions, 'lookMs' | 'retry' | 'giveUpMs' | 'holder'> {
  natsUrl: string;
  installationSecret: Buffer | string;
  targets: TargetCheck;
  sender: Sender;
  lease: Lease;
  logger: Logger;
}

/** What the api asks of webhooks. */
export interface Webhooks {
  register(input: WebhookInput): Promise<WebhookView & { secret: string }>;
  list(): Promise<WebhookView[]>;
  get(id: string): Promise<WebhookView>;
  remove(id: string): Promise<void>;
  redeliver(id: string, from?: RedeliverInput): Promise<WebhookView>;
  /** Sends one message of type `spoor.test` now, once. */
  test(id: string): Promise<Delivery>;
  /** The last tries, newest first. */
  deliveries(id: string, limit: number): Promise<Delivery[]>;
}

/** Webhooks over one connection of their own, delivering while this process holds the lease, until they are closed. */
export async function openWebhooks(options: WebhookOptions): Promise<Webhooks & { close(): Promise<void> }> {
  const { natsUrl, installationSecret, targets, sender, logger } = options;
  const reader = await openLogReader({ url: natsUrl, name: 'spoor webhooks' });
  const registry = await WebhookRegistry.open(reader, new SecretBox(installationSecret), targets);
  const log: DeliveryLog = await reader.deliveries();
  const ending = new AbortController();
  const running = new WebhookDispatcher({
    ...options,
    connection: reader,
    registry,
    log,
    sender,
    logger,
  }).run(ending.signal);
  return {
    register: (input) => registry.register(input),
    list: async () => (await registry.all()).map(viewOf),
    get: async (id) => viewOf(await registry.get(id)),
    remove: (id) => registry.remove(id),
    redeliver: async (id, from) => viewOf(await registry.redeliver(id, from)),
    test: async (id) => {
      const record = await registry.get(id);
      const message = {
        ...{ id: `test-${randomUUID()}`, type: 'spoor.test', timestamp: new Date().toISOString() },
        ...{ jobId: null, shard: null, seq: null, data: {} },
      };
      return deliver(record, registry.secretOf(record) ?? '', message, 1, {
        sender,
        log,
        signal: ending.signal,
      });
    },
    deliveries: async (id, limit) => {
      await registry.get(id);
      return (await log.last(id, limit)).map((one) => delivery.parse(one));
    },
    close: async () => {
      ending.abort();
      await running;
      await reader.close();
    },
  };
}
