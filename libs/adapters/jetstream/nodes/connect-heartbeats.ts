import type { HeartbeatFeed } from '#libs/engine/ports';
import { subjects } from '#libs/events';
import { heartbeat } from '#libs/hive';
import type { DialOptions } from '../connection.js';
import type { AdapterLogger } from '../logger.js';
import { connectCore, type CoreConnection } from './connect-core.js';

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
  const core = await connectCore(options);
  return {
    feed: feedOf(core, options.logger),
    get connected() {
      return core.connected;
    },
    close: () => core.nc.close(),
  };
}

const feedOf = (core: CoreConnection, logger: AdapterLogger): HeartbeatFeed => ({
  send: (beat) => {
    // While NATS is away nothing is kept for later: the next one says the same, and truer.
    if (core.connected) core.nc.publish(subjects.hiveWorkerSubject(beat.workerId), JSON.stringify(beat));
  },
  listen: (onBeat) => {
    const subscription = core.nc.subscribe(subjects.allHiveWorkers, {
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
