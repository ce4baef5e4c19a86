import { findEngine, type Resources, type Running } from '#libs/hosting';
import { Child } from './child.js';
import { startRoles } from './commands/run.js';

const WORKER_GRACE_MS = 3000;

/** Environment of a child: the servers that this process holds, by environment because arguments are visible to all. */
export function childEnv(
  { config, natsUrl, databaseUrl }: Resources,
  extra: NodeJS.ProcessEnv = {},
): NodeJS.ProcessEnv {
  return {
    ...process.env,
    NATS_URL: natsUrl,
    DATABASE_URL: databaseUrl,
    SPOOR_HOME: config.home,
    SPOOR_LOG_LEVEL: config.logLevel,
    SPOOR_ALLOW_PRIVATE: config.allowPrivate.join(','),
    ...extra,
  };
}

/**
 * What one command needs to see a job to its end: coordinator and projector in this process, a worker in another, so that both
 * cores work. Nothing is started where `spoor up` runs an engine already.
 */
export async function ensureEngine(resources: Resources): Promise<Running & { readonly own: boolean }> {
  if (findEngine(resources.config.home)) return { own: false, close: () => Promise.resolve() };
  const { logger } = resources;
  const worker = new Child({ role: 'worker', env: childEnv(resources), logger });
  try {
    const roles = await startRoles(resources, ['coordinator', 'projector']);
    return {
      own: true,
      close: async () => {
        await worker.stop(WORKER_GRACE_MS);
        await roles.close();
      },
    };
  } catch (error) {
    await worker.stop(0);
    throw error;
  }
}
