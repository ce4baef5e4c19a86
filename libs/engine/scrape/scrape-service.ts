import { allows, TIER_LIMITS, type ApiKey } from '#libs/accounts';
import { hostOf, subjects, type AccountEventData, type NewAccountEvent } from '#libs/events';
import { ScrapeError } from '#libs/failures';
import { describeError } from '../describe-error.js';
import type { AccountLog, Clock, LimitVerdict, Logger, RateLimits, TargetCheck } from '../ports/index.js';
import { readFormat, readPayment, readUrl, type ScrapeFormat } from './read-request.js';
import type { Content } from './fetch-content.js';

export interface ScrapeDeps {
  accounts: () => Promise<AccountLog>;
  /** The key that was presented, if it is active. */
  findKey: (presented: string) => Promise<ApiKey | null>;
  limits: RateLimits;
  targets: TargetCheck;
  fetch: (url: string, format: ScrapeFormat, signal: AbortSignal) => Promise<Content>;
  clock: Pick<Clock, 'now' | 'monotonic'>;
  logger: Logger;
}

export interface ScrapeCall {
  /** Names the call in answers, logs and events. */
  requestId: string;
  body: Readonly<Record<string, unknown>>;
  /** X-API-Key, if any. */
  apiKey: string | undefined;
  /** Of the caller. */
  address: string;
}

export interface Scraped {
  url: string;
  format: ScrapeFormat;
  content: Content;
  key: ApiKey;
  verdict: LimitVerdict;
}

/** Requests of strangers: each may be a guess at a key, or makes us look up a name. */
const STRANGERS_PER_HOUR = 100;

/** One scrape from its checks, in the order that callers rely on, to its record. */
export class ScrapeService {
  constructor(private readonly deps: ScrapeDeps) {}

  /**
   * @param onLimit told as soon as the caller's limit is known, also when the call is refused by it
   * @throws ScrapeError
   */
  async scrape(
    call: ScrapeCall,
    signal: AbortSignal,
    onLimit: (verdict: LimitVerdict) => void,
  ): Promise<Scraped> {
    const url = readUrl(call.body['url']);
    const format = readFormat(call.body['format']);
    const key = call.apiKey === undefined ? null : await this.deps.findKey(call.apiKey);
    if (key === null) await this.admitStranger(call.address);
    if (!(await this.deps.targets.admits(url, signal))) throw new ScrapeError('url_blocked');
    if (call.apiKey === undefined) throw missingPayment(call.body);
    if (key === null || !allows(key, 'scrape')) throw new ScrapeError('invalid_api_key');
    const verdict = await this.deps.limits.take(limitsOf(key, url));
    onLimit(verdict);
    if (!verdict.allowed) throw tooMany(key.tier, verdict.resetSeconds);
    return this.served(call, url, format, key, verdict, signal);
  }

  private async served(
    call: ScrapeCall,
    url: string,
    format: ScrapeFormat,
    key: ApiKey,
    verdict: LimitVerdict,
    signal: AbortSignal,
  ): Promise<Scraped> {
    const started = this.deps.clock.monotonic();
    const caller = () => ({
      ...{ requestId: call.requestId, keyId: key.keyId, wallet: null, host: hostOf(url), format },
      durationMs: Math.round(this.deps.clock.monotonic() - started),
    });
    try {
      const content = await this.deps.fetch(url, format, signal);
      const { statusCode, bytes } = content;
      await this.record('ScrapeServed', key.keyId, {
        ...{ ...caller(), statusCode, bytes, charged: 0, signature: null, nodeId: null },
      });
      return { url, format, content, key, verdict };
    } catch (error) {
      const known = error instanceof ScrapeError ? error : null;
      const data = {
        ...caller(),
        code: known?.code ?? 'internal_error',
        statusCode: known?.details.status_code ?? null,
      };
      await this.record('ScrapeRefused', key.keyId, data).catch((failure: unknown) =>
        this.deps.logger.error({ error: describeError(failure) }, 'a refused scrape was not recorded'),
      );
      throw error;
    }
  }

  private async record<T extends 'ScrapeServed' | 'ScrapeRefused'>(
    type: T,
    caller: string,
    data: AccountEventData<T>,
  ): Promise<void> {
    const time = new Date(this.deps.clock.now()).toISOString();
    const subject = subjects.usageSubject(caller);
    const event = { type, id: `scrape:${data.requestId}`, subject, time, data } as NewAccountEvent;
    await (await this.deps.accounts()).append(event);
  }

  private async admitStranger(address: string): Promise<void> {
    const verdict = await this.deps.limits.take([{ of: `address ${address}`, perHour: STRANGERS_PER_HOUR }]);
    if (!verdict.allowed) throw tooMany('anonymous', verdict.resetSeconds);
  }
}

const limitsOf = (key: ApiKey, url: string) => {
  const { perHour, perUrlPerHour } = TIER_LIMITS[key.tier];
  return [
    { of: `key ${key.keyId}`, perHour },
    { of: `key ${key.keyId} url ${url}`, perHour: perUrlPerHour },
  ];
};

/** Half a payment is none; there is nobody to pay to unless payment is configured. */
function missingPayment(body: ScrapeCall['body']): ScrapeError {
  readPayment(body['wallet'], body['tx_signature']);
  return new ScrapeError('missing_payment', undefined, { methods: ['api_key'] });
}

const tooMany = (tier: string, seconds: number): ScrapeError =>
  new ScrapeError(
    'rate_limit_exceeded',
    `Rate limit exceeded for tier '${tier}'. Try again in ${seconds} seconds.`,
    { retry_after_seconds: seconds, tier },
  );
