import { connectNode } from '#libs/adapters/jetstream';
import { createProxyResolver } from '#libs/adapters/proxy-config';
import { acquireServers } from '#libs/adapters/servers';
import { systemClock } from '#libs/adapters/system';
import { createLogger, type EngineConfig } from '#libs/config';
import type { Logger, NodeDesk } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import { createScraper, type Scraper } from './create-scraper.js';

/** What a scrape node stands on: NATS without streams, and the way to the outside. */
export interface NodeResources {
  readonly id: string;
  readonly region: string;
  readonly slots: number;
  readonly desk: NodeDesk;
  readonly scraper: Scraper;
  readonly logger: Logger;
  close(): Promise<void>;
}

const CONNECT_MS = 5000;

/** @throws SpoorError invalid_request when the node has no name or region; store_unavailable */
export async function openNode(config: EngineConfig): Promise<NodeResources> {
  const id = given(config.node.id, 'SPOOR_NODE_ID');
  const region = given(config.node.region, 'SPOOR_REGION');
  const logger = createLogger('scrape-node', { level: config.logLevel });
  const { natsUrl, release } = await acquireServers(config.home, {
    ...{ natsUrl: config.natsUrl ?? undefined, only: 'nats' as const, logger },
  });
  try {
    const name = `spoor scrape-node ${id}`;
    const node = await connectNode({ url: natsUrl, name, connectTimeoutMs: CONNECT_MS, logger });
    const proxies = createProxyResolver({ env: process.env, cwd: process.cwd(), home: config.home });
    const scraper = await createScraper({ config, proxies, clock: systemClock });
    return {
      ...{ id, region, logger, scraper },
      slots: config.workerSlots,
      desk: node.desk,
      close: async () => {
        scraper.close();
        await node.close();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

function given(value: string | null, field: string): string {
  if (value !== null) return value;
  const hint =
    'A scrape node needs a name of its own in SPOOR_NODE_ID, and the name of its region in SPOOR_REGION.';
  throw new SpoorError('invalid_request', `${field} is not set.`, { field, hint });
}
