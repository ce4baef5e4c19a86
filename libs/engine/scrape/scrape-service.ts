import { allows, type ApiKey } from '#libs/accounts';
import { ScrapeError } from '#libs/failures';
import { describeError } from '../describe-error.js';
import type { AccountLog, Clock, LimitVerdict, Logger, RateLimits, TargetCheck } from '../ports/index.js';
import { admitScrapes, admitStranger } from './admission.js';
import { Foresight } from './foresight.js';
import type { Content } from './fetch-content.js';
import type { Claim, Payments } from './payments.js';
import type { RoutedFetch } from './nodes/routed-fetch.js';
import {
  readFormat,
  readPayment,
  readRoute,
  readUrl,
  type ScrapeFormat,
  type ScrapeRoute,
} from './read-request.js';
import { UsageLog, type Caller } from './usage-log.js';

/** What is asked of those who have no key. */
export interface PaymentTerms {
  /** WATT for one scrape. */
  price: number;
  recipient: string;
  payments: Pick<Payments, 'claim'>;
}

export interface ScrapeDeps {
  accounts: () => Promise<AccountLog>;
  /** The key that was presented, if it is active. */
  findKey: (presented: string) => Promise<ApiKey | null>;
  limits: RateLimits;
  targets: TargetCheck;
  fetch: RoutedFetch;
  /** Null: keys are the only way. */
  payment: PaymentTerms | null;
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
  /** Where it was wanted from; null: from anywhere. */
  route: ScrapeRoute | null;
  by: { tier: ApiKey['tier'] } | { watt: number };
}

/** One scrape from its checks, in the order that callers rely on, to its record. */
export class ScrapeService {
  private readonly usage: UsageLog;
  private readonly foresight: Foresight;

  constructor(private readonly deps: ScrapeDeps) {
    this.usage = new UsageLog(deps);
    this.foresight = new Foresight(() => deps.clock.monotonic());
  }

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
    if (key === null) await admitStranger(this.deps.limits, call.address);
    if (!(await this.deps.targets.admits(url, signal))) throw new ScrapeError('url_blocked');
    if (call.apiKey === undefined) return this.paid(call, url, format, signal);
    if (key === null || !allows(key, 'scrape')) throw new ScrapeError('invalid_api_key');
    const early = this.begin(key.keyId, url, format, call.body, signal);
    const told = (verdict: LimitVerdict): void => {
      this.foresight.note(key.keyId, url, verdict);
      onLimit(verdict);
    };
    await admitScrapes(this.deps.limits, key, [url], told).catch((error: unknown) => {
      early?.cancel();
      throw error;
    });
    const wanted = { url, format, route: readRoute(call.body) };
    const caller: Caller = { keyId: key.keyId, wallet: null, signature: null, charged: 0 };
    const fetched = () => early?.content ?? this.deps.fetch(url, format, wanted.route, signal);
    const content = await this.serve(call, wanted, caller, null, fetched);
    return { ...wanted, content, by: { tier: key.tier } };
  }

  /** Fetches what will surely pass while it is counted: two ways at a time, not one after the other. */
  private begin(
    keyId: string,
    url: string,
    format: ScrapeFormat,
    { region, node }: ScrapeCall['body'],
    signal: AbortSignal,
  ): { content: Promise<Content>; cancel: () => void } | null {
    // A wish for a place is read after the limits, and may be wrong.
    const isAnywhere = (region ?? null) === null && (node ?? null) === null;
    if (!isAnywhere || !this.foresight.willPass(keyId, url)) return null;
    const over = new AbortController();
    const stop = (): void => over.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const content = this.deps
      .fetch(url, format, null, over.signal)
      .finally(() => signal.removeEventListener('abort', stop));
    // Whoever waits for it learns of it; when it was refused, nobody does.
    content.catch(() => undefined);
    return { content, cancel: stop };
  }

  private async paid(
    call: ScrapeCall,
    url: string,
    format: ScrapeFormat,
    signal: AbortSignal,
  ): Promise<Scraped> {
    const terms = this.deps.payment;
    const payment = readPayment(call.body['wallet'], call.body['tx_signature']);
    if (terms === null || payment === null) throw missingPayment(terms);
    const wanted = { url, format, route: readRoute(call.body) };
    const claim = await terms.payments.claim(payment, call.requestId, signal);
    const caller: Caller = { keyId: null, ...payment, charged: terms.price };
    const fetched = () => this.deps.fetch(url, format, wanted.route, signal);
    const content = await this.serve(call, wanted, caller, claim, fetched);
    return { ...wanted, content, by: { watt: terms.price } };
  }

  private async serve(
    call: ScrapeCall,
    { url, format }: Pick<Scraped, 'url' | 'format'>,
    caller: Caller,
    claim: Claim | null,
    fetched: () => Promise<Content>,
  ): Promise<Content> {
    const scrape = { requestId: call.requestId, url, format, startedAt: this.deps.clock.monotonic() };
    let content: Content;
    try {
      content = await fetched();
      // Before anything is handed out: content that nobody paid for cannot be taken back.
      await claim?.spend();
    } catch (error) {
      const known = error instanceof ScrapeError ? error : new ScrapeError('internal_error');
      await claim?.release(known.code);
      await this.usage.refused(scrape, caller, known).catch((failure: unknown) => this.unrecorded(failure));
      throw error;
    }
    await this.usage.served(scrape, caller, content).catch((failure: unknown) => {
      // What is paid for is handed out; whoever has a key may call again.
      if (claim === null) throw failure;
      this.unrecorded(failure);
    });
    return content;
  }

  private unrecorded(error: unknown): void {
    this.deps.logger.error({ error: describeError(error) }, 'a scrape was not recorded');
  }
}

/** Where there is nobody to pay to, only a key is asked for. */
const missingPayment = (terms: PaymentTerms | null): ScrapeError =>
  new ScrapeError(
    'missing_payment',
    undefined,
    terms === null
      ? { methods: ['api_key'] }
      : { price_watt: terms.price, payment_to: terms.recipient, methods: ['api_key', 'watt_payment'] },
  );
