import type { z } from 'zod';
import { BatchScraped } from './batch-scraped.js';
import { KeyCreated } from './key-created.js';
import { KeyRevoked } from './key-revoked.js';
import { PaymentAccepted } from './payment-accepted.js';
import { PaymentReleased } from './payment-released.js';
import { PaymentSpent } from './payment-spent.js';
import { ScrapeRefused } from './scrape-refused.js';
import { ScrapeServed } from './scrape-served.js';

/** Every account event. A new one is one file beside the others and one line here; the compiler names the rest. */
export const accountCatalogue = {
  KeyCreated,
  KeyRevoked,
  PaymentAccepted,
  PaymentReleased,
  PaymentSpent,
  ScrapeServed,
  ScrapeRefused,
  BatchScraped,
} as const;

export type AccountEventType = keyof typeof accountCatalogue;
export type AccountEventData<T extends AccountEventType = AccountEventType> = z.output<
  (typeof accountCatalogue)[T]['data']
>;

interface Envelope<T extends AccountEventType> {
  type: T;
  /** Equals `Nats-Msg-Id`. */
  id: string;
  /** Whose history it belongs to: a key's, a payment's, or the usage of a caller; see subjects. */
  subject: string;
  data: AccountEventData<T>;
  /** Producer's clock, ISO 8601. */
  time: string;
}

export type NewAccountEvent = { [K in AccountEventType]: Envelope<K> }[AccountEventType];
export type AccountEvent = {
  [K in AccountEventType]: Envelope<K> & { seq: number; storedAt: number };
}[AccountEventType];

/** One handler for each event, or the word that it does not matter here. */
export type AccountHandlers<S> = {
  [K in AccountEventType]: ((state: S, event: Extract<AccountEvent, { type: K }>) => void) | 'ignored';
};

export const isAccountEventType = (type: string): type is AccountEventType =>
  Object.hasOwn(accountCatalogue, type);
