import { createLogger, type EngineConfig } from '#libs/config';
import { findEngine, openResources, type Resources } from '#libs/hosting';
import { ensureEngine, WorkerAhead, type LocalEngine } from './local-engine.js';
import { metricsFor } from './monitoring.js';

/**
 * Opens what a crawl stands on. Little is waited for one after another: servers and worker start in processes of their own while this
 * one loads what it needs itself.
 * @param work `engine` starts what goes on with jobs, or finds it running
 */
export async function withCrawlResources(
  given: EngineConfig,
  work: (resources: Resources, engine: () => Promise<LocalEngine>) => Promise<number>,
): Promise<number> {
  const config = { ...given, logLevel: process.env.SPOOR_LOG_LEVEL ? given.logLevel : 'error' };
  const metrics = await metricsFor(config, ['coordinator', 'projector']);
  const opening = openResources(config, { name: 'crawl', metrics });
  const ahead = findEngine(config.home)
    ? null
    : new WorkerAhead(createLogger('crawl', { level: config.logLevel }));
  const loading = [import('#libs/adapters/postgres'), import('#apps/coordinator'), import('#apps/projector')];
  void Promise.allSettled(loading);
  try {
    const resources = await opening;
    try {
      // Before a job is started for which there would be no place.
      await resources.database();
      return await work(resources, () => ensureEngine(resources, ahead));
    } finally {
      await resources.close();
    }
  } finally {
    await ahead?.child.stop(0);
  }
}
