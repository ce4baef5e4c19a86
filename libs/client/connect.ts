import { openLogReader } from '#libs/adapters/jetstream/reading';
import type { Connection, SubscribeOptions } from './options.js';

/**
 * A connection for several subscriptions of a process (`subscribe({ connection, … })`).
 * @param options.url default: NATS_URL of the environment, else nats://127.0.0.1:4222
 * @param options.name as the server lists it
 * @throws SpoorError store_unavailable, invalid_request
 */
export function connect({
  url = process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222',
  name = 'spoor client',
  logger,
}: Pick<SubscribeOptions, 'url' | 'logger'> & { name?: string } = {}): Promise<Connection> {
  return openLogReader({ url, name, logger });
}
