import { createEgress, createTargetCheck, type Resolve } from '#libs/adapters/egress';
import { createContentReader } from '#libs/adapters/html';
import { createRobots } from '#libs/adapters/robots';
import type { EngineConfig } from '#libs/config';
import type { Clock, ProxyResolver, TargetCheck } from '#libs/engine/ports';
import { fetchContent, type Content, type ScrapeFormat } from '#libs/engine/scrape';
import { resolvedJobSpec, type ProxySpec } from '#libs/events';

export interface ScraperOptions {
  config: {
    allowPrivate: EngineConfig['allowPrivate'];
    scrape: Pick<EngineConfig['scrape'], 'robots' | 'proxied'>;
  };
  proxies: ProxyResolver;
  clock: Clock;
  /** Every address of a name; default the system's resolver. */
  resolve?: Resolve;
}

export interface Scraper {
  readonly targets: TargetCheck;
  /** What a job of pages goes through to be fetched as these are; undefined: the direct way. */
  readonly proxy: ProxySpec | undefined;
  /** @throws ScrapeError */
  fetch(url: string, format: ScrapeFormat, signal: AbortSignal): Promise<Content>;
  close(): void;
}

const PROXY = { url: { env: 'SPOOR_SCRAPE_PROXY_URL' } };

/** Single pages by the engine's own fetch and guard: the same for the api and for a scrape node. */
export async function createScraper({ config, proxies, clock, resolve }: ScraperOptions): Promise<Scraper> {
  const { allowPrivate, scrape } = config;
  const guarded = { allowPrivate, ...(resolve ? { resolve } : {}) };
  const egress = createEgress({ ...guarded, proxies });
  const deps = { fetcher: egress, robots: createRobots(egress, clock), reader: await createContentReader() };
  const { politeness, proxy } = resolvedJobSpec.parse(scrape.proxied ? { proxy: PROXY } : {});
  const options = {
    ...{ userAgent: politeness.userAgent, robots: scrape.robots },
    ...(proxy ? { proxy: { spec: proxy, session: 'scrape' } } : {}),
  };
  return {
    targets: createTargetCheck(guarded),
    proxy,
    fetch: (url, format, signal) => fetchContent(url, format, deps, options, signal),
    close: () => egress.close(),
  };
}
