import { TIER_LIMITS } from '#libs/accounts';
import { createEgress, createTargetCheck } from '#libs/adapters/egress';
import { createContentReader } from '#libs/adapters/html';
import { openAccounts, type OpenAccounts } from '#libs/adapters/postgres';
import { createRobots } from '#libs/adapters/robots';
import { createKeyHasher, installationSecret } from '#libs/adapters/system';
import { isLoopback } from '#libs/config';
import { KeyWatch, UsageProjector } from '#libs/engine/accounts';
import { fetchContent, ScrapeService } from '#libs/engine/scrape';
import { resolvedJobSpec } from '#libs/events';
import type { Resources, Running } from '#libs/hosting';
import type { ScrapeApi } from '../deps.js';

const PROXY = { url: { env: 'SPOOR_SCRAPE_PROXY_URL' } };

/** The scrape endpoint over the servers of this engine, until it is closed. */
export async function startScrape(resources: Resources): Promise<ScrapeApi & Running> {
  const { config, clock, log, logger, proxies } = resources;
  const secret = installationSecret({
    ...{ given: config.keySecret, home: config.home },
    mayGenerate: isLoopback(config.host),
  });
  const store: OpenAccounts = await openAccounts(resources.databaseUrl);
  const accounts = () => log.accounts();
  const keys = new KeyWatch({ log: accounts, hasher: createKeyHasher(secret), clock, logger });
  const egress = createEgress({ allowPrivate: config.allowPrivate, proxies });
  const content = { fetcher: egress, robots: createRobots(egress, clock), reader: createContentReader() };
  const defaults = resolvedJobSpec.parse(config.scrape.proxied ? { proxy: PROXY } : {});
  const options = {
    ...{ userAgent: defaults.politeness.userAgent, robots: config.scrape.robots },
    ...(defaults.proxy ? { proxy: { spec: defaults.proxy, session: 'scrape' } } : {}),
  };
  const findKey = (presented: string) => keys.find(presented);
  const service = new ScrapeService({
    ...{ accounts, findKey, limits: store.limits, clock, logger },
    targets: createTargetCheck({ allowPrivate: config.allowPrivate }),
    fetch: (url, format, signal) => fetchContent(url, format, content, options, signal),
  });
  const ending = new AbortController();
  const usage = async () => store.usage;
  const counting = new UsageProjector({ log: accounts, store: usage, clock, logger }).run(ending.signal);
  return {
    ...{ service, findKey, usage },
    pricing: { methods: ['api_key'], tiers: { ...TIER_LIMITS } },
    close: async () => {
      ending.abort();
      keys.close();
      await counting;
      egress.close();
      await store.close();
    },
  };
}
