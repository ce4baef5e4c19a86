import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { acquireServers } from '#libs/adapters/servers';
import { diskRoom, traceContext } from '#libs/adapters/system';
import { createLogger, type EngineConfig } from '#libs/config';
import { SpoorError } from '#libs/failures';
import { MIN_FREE_BYTES, type ResourceOptions, type Resources } from './resources.js';

const loadStores = () => import('./open-stores.js');

/** Loads what `openResources` needs, for a process that is not told yet where its servers are. */
export async function prepareResources(): Promise<void> {
  await loadStores();
}

/**
 * Connects to NATS and Postgres: those of the environment, else the embedded ones of SPOOR_HOME, which are started when needed.
 * @throws SpoorError store_unavailable
 */
export async function openResources(config: EngineConfig, options: ResourceOptions): Promise<Resources> {
  const logger = createLogger(options.name, { level: config.logLevel, context: traceContext });
  await checkRoom(config);
  const acquiring = acquireServers(config.home, {
    natsUrl: config.natsUrl ?? undefined,
    databaseUrl: config.databaseUrl ?? undefined,
    only: options.only && 'nats',
    syncAlways: config.durability === 'safe',
    logger,
  });
  // Servers start in processes of their own; what speaks with them is loaded meanwhile.
  const [acquired, loaded] = await Promise.allSettled([acquiring, loadStores()]);
  if (acquired.status === 'rejected') throw acquired.reason;
  const servers = acquired.value;
  try {
    if (loaded.status === 'rejected') throw loaded.reason;
    return await loaded.value.openStores(config, options, { servers, logger });
  } catch (error) {
    await servers.release();
    throw error;
  }
}

async function checkRoom({ home }: EngineConfig): Promise<void> {
  const free = await diskRoom(existsSync(home) ? home : dirname(home)).freeBytes();
  if (free !== null && free < MIN_FREE_BYTES)
    throw new SpoorError('store_unavailable', 'The disk under SPOOR_HOME is nearly full.', {
      field: 'SPOOR_HOME',
      hint: 'Make room, or choose a folder on another disk; nothing is lost.',
    });
}
