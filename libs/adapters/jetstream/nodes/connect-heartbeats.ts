import type { NatsConnection } from '@nats-io/transport-node';
import type { HeartbeatFeed } from '#libs/engine/ports';
import { subjects } from '#libs/events';
import { heartbeat } from '#libs/hive';
import { checkVersion, connectNats, type DialOptions } from '../connection.js';
import type { AdapterLogger } from '../logger.js';

export interface HeartbeatHandle {
  readonly feed: HeartbeatFeed;
  readonly connected: boolean;
  close(): Promise<void>;
}

/**
 * Heartbeats of the browser service over core NATS: nothing is stored, whoever listens hears all.
 * @throws SpoorError store_unavailable
 */
export async function connectHeartbeats(options: Omit<DialOptions, 'timeoutMs'>): Promise<HeartbeatHandle> {
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
    feed: feedOf(nc, options.logger, () => connected),
    get connected() {
      return connected;
    },
    close: () => nc.close(),
  };
}

const feedOf = (nc: NatsConnection, logger: AdapterLogger, connected: () => boolean): HeartbeatFeed => ({
  send: (beat) => {
    // While NATS is away nothing is kept for later: the next one says the same, and truer.
    if (connected()) nc.publish(subjects.hiveWorkerSubject(beat.workerId), JSON.stringify(beat));
  },
  listen: (onBeat) => {
    const subscription = nc.subscribe(subjects.allHiveWorkers, {
      callback: (error, msg) => {
        if (error) return;
        const read = heartbeat.safeParse(parse(msg.string()));
        if (read.success) onBeat(read.data);
        else logger.warn('a heartbeat of the browser service cannot be read');
      },
    });
    return () => subscription.unsubscribe();
  },
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
