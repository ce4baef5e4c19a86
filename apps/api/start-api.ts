import 'reflect-metadata';
import type { Server } from 'node:http';
import { projectionStatus } from '#libs/engine';
import type { HealthWatch } from '#libs/engine/health';
import { createSeal, installationSecret } from '#libs/adapters/system';
import { isLoopback } from '#libs/config';
import { SpoorError } from '#libs/failures';
import { watchHealth, type Resources, type Running } from '#libs/hosting';
import { createApi } from './create-api.js';
import { longReads } from './long-reads.js';
import { startWebhooks } from './start-webhooks.js';
import { startScrape } from './scrape/start-scrape.js';

/** Only these say that another address would do; their text names addresses, so it stays a cause. */
const ADDRESS_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another program',
  EADDRNOTAVAIL: 'is not an address of this machine',
  EACCES: 'may not be used by this user',
  ENOTFOUND: 'is not an address of this machine',
};

/**
 * Serves the api on the configured address until it is closed.
 * @param health what readiness tells of; who starts the api lets it look
 * @throws SpoorError invalid_request when the address cannot be used; store_unavailable
 */
export async function startApi(
  resources: Resources,
  health: HealthWatch = watchHealth(resources),
): Promise<Running & { url: string }> {
  const { config, log, bodies, jobs, histories, logger, metrics } = resources;
  const { readModels, projectionStore } = await resources.database();
  const scrape = await startScrape(resources);
  const webhooks = await startWebhooks(resources);
  const app = await createApi({
    eventLog: log.eventLog,
    progress: log.progress,
    readModels,
    jobs,
    histories,
    projection: (shard) => projectionStatus(log.eventLog, projectionStore, shard),
    ...longReads(resources, projectionStore),
    health,
    bodies,
    scrape,
    metrics,
    webhooks,
    queue: (shard) => log.inspection.queue(shard, 'http'),
    seal: createSeal(
      installationSecret({
        ...{ given: config.keySecret, home: config.home },
        mayGenerate: isLoopback(config.host),
      }),
    ),
    config: { host: config.host, shards: config.shards, trustedProxies: config.trustedProxies },
    log: logger,
  });
  try {
    await app.init();
    await listen(app.getHttpServer(), config.port, config.host);
  } catch (error) {
    await app.close();
    await webhooks.close();
    await scrape.close();
    throw addressError(error, `${config.host}:${config.port}`);
  }
  return {
    url: urlOf(app.getHttpServer()),
    close: async () => {
      await app.close();
      await webhooks.close();
      await scrape.close();
    },
  };
}

/** Not Nest's own `listen`, which prints the fault with its stack before it throws it. */
function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function urlOf(server: Server): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new TypeError('the server has no port');
  return `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
}

function addressError(error: unknown, address: string): unknown {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  const problem = ADDRESS_FAULTS[String(code)];
  if (problem === undefined) return error;
  const details = {
    field: 'SPOOR_PORT',
    hint: 'Choose another SPOOR_HOST or SPOOR_PORT (0 for any free port).',
  };
  const message = `The api cannot listen on ${address}: it ${problem}.`;
  return new SpoorError('invalid_request', message, details, { cause: error });
}
