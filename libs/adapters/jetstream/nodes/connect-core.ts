import type { NatsConnection } from '@nats-io/transport-node';
import { checkVersion, connectNats, type DialOptions } from '../connection.js';

export interface CoreConnection {
  readonly nc: NatsConnection;
  /** False while it is lost. */
  readonly connected: boolean;
}

/**
 * Core NATS alone, of a version that is known, without a right to any stream. That it is lost, and there again, is logged.
 * @throws SpoorError store_unavailable
 */
export async function connectCore(options: Omit<DialOptions, 'timeoutMs'>): Promise<CoreConnection> {
  const nc = await connectNats(options);
  try {
    checkVersion(nc.info?.version ?? 'unknown');
  } catch (error) {
    await nc.close();
    throw error;
  }
  let connected = true;
  void (async () => {
    for await (const { type } of nc.status()) {
      if (type === 'disconnect') {
        connected = false;
        options.logger.warn('the connection to NATS is lost; trying again');
      }
      if (type === 'reconnect') {
        connected = true;
        options.logger.info('connected to NATS again');
      }
    }
  })();
  return {
    nc,
    get connected() {
      return connected;
    },
  };
}
