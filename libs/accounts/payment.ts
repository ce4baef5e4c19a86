import type { AccountEvent, AccountHandlers } from '#libs/events';

/** A claim whose call has told nothing for this long died with its process. A scrape takes 30 s at most, and 35 s more when a node was asked first. */
export const CLAIM_MS = 90_000;
/** Calls that one payment may be tried for: who pays for a page that does not exist is not charged, but not for ever. */
const MAX_CLAIMS = 10;

/** Where a payment stands, folded from the events of its own subject. */
export interface Payment {
  status: 'unused' | 'claimed' | 'released' | 'spent';
  /** Whose it is from its first claim on. */
  wallet: string | null;
  claims: number;
  /** Server's clock, ms. */
  claimedAt: number;
  /** Sequence of the last event; 0: none. */
  seq: number;
}

export const unusedPayment = (): Payment => ({
  ...{ status: 'unused', wallet: null, claims: 0, claimedAt: 0, seq: 0 },
});

const handlers: AccountHandlers<Payment> = {
  PaymentAccepted: (payment, { data, storedAt }) => {
    payment.status = 'claimed';
    payment.wallet = data.wallet;
    payment.claims += 1;
    payment.claimedAt = storedAt;
  },
  PaymentReleased: (payment) => void (payment.status = 'released'),
  PaymentSpent: (payment) => void (payment.status = 'spent'),
  KeyCreated: 'ignored',
  KeyRevoked: 'ignored',
  ScrapeServed: 'ignored',
  ScrapeRefused: 'ignored',
  BatchScraped: 'ignored',
};

export function foldPayment(payment: Payment, event: AccountEvent): void {
  const handle = handlers[event.type];
  if (handle !== 'ignored') (handle as (payment: Payment, event: AccountEvent) => void)(payment, event);
  payment.seq = event.seq;
}

/**
 * Why a wallet may not use a payment now, in words for its owner; null: it may.
 * @param now by the clock of whoever asks, ms
 */
export function refusalOf(payment: Payment, wallet: string, now: number): string | null {
  const { status, wallet: owner, claims, claimedAt } = payment;
  if (status === 'unused') return null;
  if (status === 'spent' || owner !== wallet) return 'Transaction signature has already been used';
  if (status === 'claimed' && now - claimedAt < CLAIM_MS)
    return 'Transaction signature is being used by another request';
  if (claims >= MAX_CLAIMS) return 'Transaction signature has been tried too often';
  return null;
}
