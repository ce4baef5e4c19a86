import { TIER_LIMITS } from '#libs/accounts';
import { createJsonEndpoint, decodeBody } from '#libs/adapters/egress';
import { createContentReader } from '#libs/adapters/html';
import { openAccounts, type OpenAccounts } from '#libs/adapters/postgres';
import { createKeyHasher, installationSecret } from '#libs/adapters/system';
import { isLoopback } from '#libs/config';
import { KeyWatch, UsageProjector } from '#libs/engine/accounts';
import type { AccountLog } from '#libs/engine/ports';
import {
  BatchUsage,
  Payments,
  routedFetch,
  ScrapeBatches,
  ScrapeService,
  type PaymentTerms,
} from '#libs/engine/scrape';
import type { BodyRef } from '#libs/events';
import type { Resources, Running } from '#libs/hosting';
import { createScraper } from '#libs/hosting/scraper';
import type { ScrapeApi } from '../deps.js';
import type { PricingAnswer } from './schemas.js';

/** Of the verifier; told to whoever asks for prices. */
const MAX_AGE_MINUTES = 10;

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
  const scraper = await createScraper({ config, proxies, clock });
  const { fallback } = config.scrape;
  const central = scraper.fetch.bind(scraper);
  const findKey = (presented: string) => keys.find(presented);
  const payment = await paymentTerms(resources, accounts);
  const service = new ScrapeService({
    ...{ accounts, findKey, limits: store.limits, payment, clock, logger },
    targets: scraper.targets,
    fetch: routedFetch({ nodes: log.scrapeNodes, central, fallback, logger }),
  });
  const stored = {
    ...{ bodies: resources.bodies, reader: await createContentReader() },
    decode: async (raw: Buffer, { encoding, truncated }: BodyRef, maxBytes: number) =>
      (await decodeBody(raw, encoding, maxBytes, truncated ?? false, async () => undefined)).body,
  };
  const { eventLog } = log;
  const batches = new ScrapeBatches({
    ...{ ...stored, jobs: resources.jobs, eventLog, findKey, limits: store.limits },
    options: { robots: config.scrape.robots, proxy: scraper.proxy },
  });
  const batchUsage = new BatchUsage({ ...stored, accounts, eventLog, clock, logger, shards: config.shards });
  const ending = new AbortController();
  const usage = async () => store.usage;
  const counting = new UsageProjector({ log: accounts, store: usage, clock, logger }).run(ending.signal);
  const countingBatches = batchUsage.run(ending.signal);
  return {
    ...{ service, batches, findKey, usage },
    pricing: pricingOf(payment),
    close: async () => {
      payment?.close();
      ending.abort();
      keys.close();
      await Promise.all([counting, countingBatches]);
      scraper.close();
      await store.close();
    },
  };
}

type Terms = PaymentTerms & { close(): void };

/** Payment is offered where it is configured whole; what it stands on is loaded only then. */
async function paymentTerms(
  { config, clock, logger }: Resources,
  accounts: () => Promise<AccountLog>,
): Promise<Terms | null> {
  if (config.payment === null) return null;
  const { rpcUrl, mint, recipient, price } = config.payment;
  const { SolanaVerifier } = await import('#libs/adapters/solana');
  const endpoint = createJsonEndpoint(rpcUrl);
  const verifier = new SolanaVerifier({ endpoint, mint, recipient, price, clock, logger });
  const payments = new Payments({ accounts, verifier, clock, logger });
  return { price, recipient, payments, close: () => endpoint.close() };
}

function pricingOf(terms: Terms | null): PricingAnswer {
  const tiers = { ...TIER_LIMITS };
  if (terms === null) return { methods: ['api_key'], tiers };
  const { price, recipient } = terms;
  const paid = { price_watt: price, payment_to: recipient, tx_max_age_minutes: MAX_AGE_MINUTES };
  return { methods: ['api_key', 'watt_payment'], ...paid, tiers };
}
