import type { NodeDesk } from '#libs/engine/ports';
import { checkVersion, connectNats, type DialOptions } from '../connection.js';
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
  const nc = await connectNats(options);
  try {
    checkVersion(nc.info?.version ?? 'unknown');
  } catch (error) {
    await nc.close();
    throw error;
  }
  void (async () => {
    for await (const { type } of nc.status()) {
      if (type === 'disconnect') options.logger.warn('the connection to NATS is lost; trying again');
      if (type === 'reconnect') options.logger.info('connected to NATS again');
    }
  })();
  return { desk: new NatsNodeDesk(nc, options.logger), close: () => nc.close() };
}
