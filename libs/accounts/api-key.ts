import type { SCOPES, TIERS } from '#libs/events';

export type Tier = (typeof TIERS)[number];
export type Scope = (typeof SCOPES)[number];

export interface ApiKey {
  keyId: string;
  /** Keyed hash of the whole key. */
  hash: string;
  tier: Tier;
  scopes: readonly Scope[];
  name: string | null;
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
}

/** Scrapes per hour of a key, and of one URL by that key. */
export const TIER_LIMITS: Readonly<Record<Tier, { perHour: number; perUrlPerHour: number }>> = {
  basic: { perHour: 500, perUrlPerHour: 50 },
  premium: { perHour: 2000, perUrlPerHour: 200 },
};

/** What an id of a key looks like. */
export const KEY_ID = /^[0-9a-z]{16}$/;

/** `spoor_<id>_<secret>`: the id finds the key, the secret (256 bits) proves it. */
const KEY = /^spoor_([0-9a-z]{16})_([A-Za-z0-9_-]{43})$/;

/** The id in a key as it was presented; null when it is none of ours. */
export const keyIdOf = (presented: string): string | null => KEY.exec(presented)?.[1] ?? null;

export const makeKey = (keyId: string, secret: string): string => {
  const key = `spoor_${keyId}_${secret}`;
  if (keyIdOf(key) === null) throw new RangeError('not an API key');
  return key;
};

/** @param now ms since the epoch */
export const isActive = (key: ApiKey, now: number): boolean =>
  key.revokedAt === null && (key.expiresAt === null || Date.parse(key.expiresAt) > now);

export const allows = (key: ApiKey, scope: Scope): boolean =>
  key.scopes.includes('admin') || key.scopes.includes(scope);
