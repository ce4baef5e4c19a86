import type { BatchUrl, JobSpecInput, ProxySpec } from '#libs/events';
import { SCRAPE_LIMITS } from '../fetch-content.js';

export interface BatchOptions {
  robots: 'obey' | 'ignore';
  proxy?: ProxySpec | undefined;
}

/** The job that fetches a batch: what the single endpoint does, for each URL once, and no further. */
export function batchSpec(urls: readonly BatchUrl[], { robots, proxy }: BatchOptions): JobSpecInput {
  const { timeoutMs, maxBytes, maxRedirects } = SCRAPE_LIMITS;
  return {
    name: 'scrape batch',
    start: urls.filter(({ refused }) => !refused).map(({ url }) => url),
    stages: [{ name: 'page' }],
    politeness: { robots, perHost: 4, delayMs: 0 },
    retry: { attempts: 1 },
    // One byte more tells a body that is too long from one that just fits.
    limits: { timeoutMs, maxRedirects, maxBodyBytes: maxBytes + 1 },
    bodies: 'all',
    ...(proxy ? { proxy } : {}),
  };
}
