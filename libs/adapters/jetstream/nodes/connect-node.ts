import type { NodeDesk } from '#libs/engine/ports';
import type { DialOptions } from '../connection.js';
import { connectCore } from './connect-core.js';
import { NatsNodeDesk } from './nats-node-desk.js';

export interface NodeHandle {
  readonly desk: NodeDesk;
  close(): Promise<void>;
}

/**
 * Connects a scrape node: to core NATS alone, so that its user needs no right to any stream.
 * @throws SpoorError store_unavailable
 */
export async function connectNode(options: Omit<DialOptions, 'timeoutMs'>): Promise<NodeHandle> {
  const { nc } = await connectCore(options);
  return { desk: new NatsNodeDesk(nc, options.logger), close: () => nc.close() };
}
