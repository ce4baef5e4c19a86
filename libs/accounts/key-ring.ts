import type { AccountEvent, AccountHandlers } from '#libs/events';
import type { ApiKey } from './api-key.js';

/** All keys there ever were, by id: a fold of the account log. */
export type KeyRing = Map<string, ApiKey>;

const handlers: AccountHandlers<KeyRing> = {
  KeyCreated: (ring, { data, time }) => {
    // An id is given once; a second event under it would be somebody's attempt to replace a key.
    if (ring.has(data.keyId)) return;
    const { keyId, hash, tier, scopes, name, expiresAt } = data;
    ring.set(keyId, { keyId, hash, tier, scopes, name, expiresAt, createdAt: time, revokedAt: null });
  },
  KeyRevoked: (ring, { data, time }) => {
    const key = ring.get(data.keyId);
    if (key && key.revokedAt === null) ring.set(data.keyId, { ...key, revokedAt: time });
  },
  PaymentAccepted: 'ignored',
  PaymentReleased: 'ignored',
  PaymentSpent: 'ignored',
  ScrapeServed: 'ignored',
  ScrapeRefused: 'ignored',
  BatchScraped: 'ignored',
};

export function foldKey(ring: KeyRing, event: AccountEvent): void {
  const handle = handlers[event.type];
  if (handle !== 'ignored') (handle as (ring: KeyRing, event: AccountEvent) => void)(ring, event);
}
