import { TIER_LIMITS, type ApiKey } from '#libs/accounts';
import { ScrapeError } from '#libs/failures';
import type { Limit, LimitVerdict, RateLimits } from '../ports/index.js';

/** Requests of strangers: each may be a guess at a key, make us look up a name, or ask the chain. */
const STRANGERS_PER_HOUR = 100;

/** @throws ScrapeError rate_limit_exceeded */
export async function admitStranger(limits: RateLimits, address: string): Promise<void> {
  const verdict = await limits.take([{ of: `address ${address}`, perHour: STRANGERS_PER_HOUR }]);
  if (!verdict.allowed) throw tooMany('anonymous', verdict.resetSeconds);
}

/**
 * Counts scrapes of a key: all of them, or none.
 * @param onLimit told also when they are refused
 * @throws ScrapeError rate_limit_exceeded
 */
export async function admitScrapes(
  limits: RateLimits,
  key: ApiKey,
  urls: readonly string[],
  onLimit: (verdict: LimitVerdict) => void,
): Promise<void> {
  const { perHour, perUrlPerHour } = TIER_LIMITS[key.tier];
  const each = new Map<string, number>();
  for (const url of urls) each.set(url, (each.get(url) ?? 0) + 1);
  const ofUrls = [...each].map(([url, calls]): Limit => ({
    ...{ of: `key ${key.keyId} url ${url}`, perHour: perUrlPerHour, calls },
  }));
  // In one order, whatever the caller's: two batches must not wait for each other. The narrower first: it is the one to be told of.
  ofUrls.sort((a, b) => (a.of < b.of ? -1 : 1));
  const verdict = await limits.take([...ofUrls, { of: `key ${key.keyId}`, perHour, calls: urls.length }]);
  onLimit(verdict);
  if (!verdict.allowed) throw tooMany(key.tier, verdict.resetSeconds);
}

const tooMany = (tier: string, seconds: number): ScrapeError =>
  new ScrapeError(
    'rate_limit_exceeded',
    `Rate limit exceeded for tier '${tier}'. Try again in ${seconds} seconds.`,
    { retry_after_seconds: seconds, tier },
  );
