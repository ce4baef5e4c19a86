import { randomBytes } from 'node:crypto';
import { freePort } from '#libs/adapters/servers';
import type { Resources, Running } from '#libs/hosting';
import { Child } from './child.js';
import { childEnv } from './child-env.js';

const GRACE_MS = 3000;

export interface BrowserService extends Running {
  /** Where it takes calls; starts it when nobody did before. */
  at(): Promise<{ address: string; key: string | null }>;
}

/**
 * The browser service of SPOOR_HIVE_ADDRESS; without one a process of our own, started when the first page needs it. Its key is
 * known to nobody else, since a call may name a job and reach what that job may.
 */
export function browserService(resources: Resources): BrowserService {
  const { hive } = resources.config;
  let child: Child | null = null;
  const start = async (): Promise<{ address: string; key: string }> => {
    const [port, workerPort] = [await freePort(), await freePort()];
    const key = randomBytes(24).toString('base64url');
    const env = childEnv(resources, {
      ...{ SPOOR_HIVE_ROLES: '', SPOOR_HIVE_HOST: '127.0.0.1', SPOOR_HIVE_PORT: String(port) },
      ...{
        SPOOR_HIVE_WORKER_PORT: String(workerPort),
        SPOOR_HIVE_ADVERTISE: '127.0.0.1',
        SPOOR_HIVE_KEY: key,
      },
      ...{ COORDINATOR_MODE: 'local', SPOOR_METRICS_PORT: '0' },
    });
    child = new Child({ role: 'hive', env, logger: resources.logger });
    return { address: `127.0.0.1:${port}`, key };
  };
  let own: ReturnType<typeof start> | null = null;
  return {
    at: () => (hive ? Promise.resolve(hive) : (own ??= start())),
    close: async () => {
      await own?.catch(() => undefined);
      await child?.stop(GRACE_MS);
    },
  };
}
