import type { AccountEvent } from '#libs/events';
import {
  allows,
  foldKey,
  isActive,
  keyIdOf,
  makeKey,
  sumByCaller,
  usageOf,
  type ApiKey,
  type KeyRing,
  type UsageDelta,
} from './index.js';

const ID = '0mwwiuminkovz2us';
const SECRET = 'n7qOAtSTp-E92qnAnVvXLE0TEuzL3PePiI5KzIKR0GE';
const NOON = Date.parse('2026-03-01T12:00:00Z');
const at = (minutes: number) => ({
  time: new Date(NOON + minutes * 60_000).toISOString(),
  storedAt: NOON + minutes * 60_000,
  seq: minutes + 1,
});
const created = (over: object = {}): AccountEvent => ({
  ...{ type: 'KeyCreated', id: `${ID}:created`, subject: `spoor.accounts.key.${ID}`, ...at(0) },
  data: {
    ...{ keyId: ID, hash: 'h', tier: 'basic', scopes: ['scrape'], name: null, expiresAt: null, ...over },
  },
});
const revoked: AccountEvent = {
  ...{ type: 'KeyRevoked', id: `${ID}:revoked`, subject: `spoor.accounts.key.${ID}`, ...at(5) },
  data: { keyId: ID },
};
const ringOf = (...events: AccountEvent[]): KeyRing => {
  const ring: KeyRing = new Map();
  for (const event of events) foldKey(ring, event);
  return ring;
};

describe('API keys', () => {
  it('given an id and a secret, then the key names its id', () => {
    expect(keyIdOf(makeKey(ID, SECRET))).toBe(ID);
    expect(() => makeKey('short', SECRET)).toThrow(RangeError);
  });

  it.each(['', 'spoor_', `spoor_${ID}_short`, `spoor_${ID}_${SECRET}x`, ` spoor_${ID}_${SECRET}`])(
    'given %p, then it is no key',
    (text) => expect(keyIdOf(text)).toBeNull(),
  );

  it('given its history, then a key is active until it is revoked or expires', () => {
    expect(isActive(ringOf(created()).get(ID)!, NOON)).toBe(true);
    expect(isActive(ringOf(created(), revoked).get(ID)!, NOON)).toBe(false);
    const expiring = ringOf(created({ expiresAt: '2026-03-01T13:00:00Z' })).get(ID)!;
    expect([isActive(expiring, NOON), isActive(expiring, NOON + 3_600_000)]).toEqual([true, false]);
  });

  it('given a second creation under the same id, then the first one stands, also after a revocation', () => {
    expect(ringOf(created(), created({ hash: 'other', tier: 'premium' })).get(ID)).toMatchObject({
      hash: 'h',
    });
    expect(ringOf(created(), revoked, created({ hash: 'other' })).get(ID)!.revokedAt).not.toBeNull();
  });

  it('given scopes, then a key may what they say, and admin everything', () => {
    const key = ringOf(created()).get(ID) as ApiKey;
    expect([allows(key, 'scrape'), allows(key, 'jobs:read')]).toEqual([true, false]);
    expect(allows({ ...key, scopes: ['admin'] }, 'jobs:write')).toBe(true);
  });
});

describe('usage', () => {
  const base = {
    requestId: 'r',
    keyId: ID,
    wallet: null,
    host: 'a.test',
    format: 'text',
    durationMs: 3,
  } as const;
  const served = (minutes: number, bytes: number): AccountEvent => ({
    ...{ type: 'ScrapeServed', id: `s${minutes}`, subject: 'spoor.accounts.usage.x', ...at(minutes) },
    data: { ...base, statusCode: 200, bytes, charged: 0, signature: null, nodeId: null },
  });
  const refused = (minutes: number, code: string): AccountEvent => ({
    ...{ type: 'ScrapeRefused', id: `r${minutes}`, subject: 'spoor.accounts.usage.x', ...at(minutes) },
    data: { ...base, code, statusCode: null },
  });

  it('given events of two hours, then each hour of the caller has its counts, by the time of the log', () => {
    const events = [served(0, 10), refused(1, 'timeout'), refused(2, 'timeout'), created(), served(61, 5)];
    expect(usageOf(events)).toEqual([
      expect.objectContaining({
        ...{ caller: ID, hour: '2026-03-01T12:00:00.000Z', served: 1, refused: 2, bytes: 10 },
        ...{ refusedByCode: { timeout: 2 }, lastUsedAt: '2026-03-01T12:02:00.000Z' },
      }),
      expect.objectContaining({ hour: '2026-03-01T13:00:00.000Z', served: 1, refused: 0, bytes: 5 }),
    ]);
  });

  it('is summed over hours for each caller', () => {
    const hour = (caller: string, n: number, over: Partial<UsageDelta> = {}): UsageDelta => ({
      ...{ caller, hour: `h${n}`, served: n, refused: 1, bytes: 10, watt: 100, lastUsedAt: `t${n}` },
      ...{ refusedByCode: { timeout: 1 }, ...over },
    });
    const hours = [hour('a', 3), hour('b', 2), hour('a', 1, { refusedByCode: { timeout: 2, dns_error: 1 } })];
    expect(sumByCaller(hours)).toEqual([
      {
        ...{ caller: 'a', served: 4, refused: 2, bytes: 20, watt: 200, lastUsedAt: 't3' },
        refusedByCode: { timeout: 3, dns_error: 1 },
      },
      {
        caller: 'b',
        served: 2,
        refused: 1,
        bytes: 10,
        watt: 100,
        lastUsedAt: 't2',
        refusedByCode: { timeout: 1 },
      },
    ]);
    expect(hours[0]!.refusedByCode).toEqual({ timeout: 1 });
  });
});
