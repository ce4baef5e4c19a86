import { hostOf, subjects, type AccountEventData, type NewAccountEvent } from '#libs/events';
import type { ScrapeError } from '#libs/failures';
import type { AccountLog, Clock } from '../ports/index.js';
import type { Content } from './fetch-content.js';
import type { ScrapeFormat } from './read-request.js';

/** Who is served, and what it costs them. */
export interface Caller {
  keyId: string | null;
  wallet: string | null;
  signature: string | null;
  /** WATT, when it is served. */
  charged: number;
}

export interface OneScrape {
  requestId: string;
  url: string;
  format: ScrapeFormat;
  /** Monotonic, ms. */
  startedAt: number;
}

/** What became of scrapes, in the account log. */
export class UsageLog {
  constructor(
    private readonly deps: { accounts: () => Promise<AccountLog>; clock: Pick<Clock, 'now' | 'monotonic'> },
  ) {}

  served(scrape: OneScrape, caller: Caller, { statusCode, bytes, nodeId }: Content): Promise<void> {
    const { charged, signature } = caller;
    const data = { ...this.base(scrape, caller), statusCode, bytes, charged, signature, nodeId };
    return this.append('ScrapeServed', caller, data);
  }

  refused(scrape: OneScrape, caller: Caller, { code, details }: ScrapeError): Promise<void> {
    const data = { ...this.base(scrape, caller), code, statusCode: details.status_code ?? null };
    return this.append('ScrapeRefused', caller, data);
  }

  private base({ requestId, url, format, startedAt }: OneScrape, { keyId, wallet }: Caller) {
    const durationMs = Math.round(this.deps.clock.monotonic() - startedAt);
    return { requestId, keyId, wallet, host: hostOf(url), format, durationMs };
  }

  private async append<T extends 'ScrapeServed' | 'ScrapeRefused'>(
    type: T,
    { keyId, wallet }: Caller,
    data: AccountEventData<T>,
  ): Promise<void> {
    const time = new Date(this.deps.clock.now()).toISOString();
    const subject = subjects.usageSubject(keyId ?? wallet ?? 'unknown');
    const event = { type, id: `scrape:${data.requestId}`, subject, time, data } as NewAccountEvent;
    await (await this.deps.accounts()).append(event);
  }
}
