import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '#libs/testing';
import { openAccounts, type OpenAccounts } from './open-accounts.js';
import type { PostgresRateLimits } from './rate-limits.js';

const COUNT = 100;

describe('limits, counted by several processes at once', () => {
  let database: TestDatabase;
  const stores: OpenAccounts[] = [];
  const open = async (): Promise<OpenAccounts> => {
    const store = await openAccounts(database.url);
    stores.push(store);
    return store;
  };
  beforeAll(async () => {
    database = await createTestDatabase();
    for (let i = 0; i < 3; i += 1) await open();
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    await database.drop();
  });

  const together = async (limitsOf: (i: number) => { of: string; perHour: number }[]) => {
    const verdicts = await Promise.all(
      Array.from({ length: COUNT }, (_, i) => stores[i % 3]!.limits.take(limitsOf(i))),
    );
    return verdicts.filter(({ allowed }) => allowed).length;
  };

  it.each([1, 37, 99])(
    'given %i calls an hour and 100 at once, then exactly so many pass',
    async (perHour) => {
      expect(await together(() => [{ of: `exact ${perHour}`, perHour }])).toBe(perHour);
      const late = await open();
      const verdict = await late.limits.take([{ of: `exact ${perHour}`, perHour }]);
      expect(verdict).toMatchObject({ allowed: false, limit: perHour, remaining: 0 });
      expect(verdict.resetSeconds).toBeGreaterThan(0);
      expect(verdict.resetSeconds).toBeLessThanOrEqual(3600);
    },
  );

  it('given ten URLs with 5 calls each under a key with 40, then exactly 40 pass, and none that is refused is counted', async () => {
    const limits = (i: number) => [
      { of: `nested url ${i % 10}`, perHour: 5 },
      { of: 'nested key', perHour: 40 },
    ];
    expect(await together(limits)).toBe(40);
    expect(await together(limits)).toBe(0);
  });

  it('given one URL that is used up, then 100 calls for it at once take nothing from the key', async () => {
    const [url, key] = [
      { of: 'spent url', perHour: 2 },
      { of: 'spared key', perHour: 50 },
    ];
    expect(await together(() => [url, key])).toBe(2);
    expect(await together((i) => [{ of: `other ${i}`, perHour: 1 }, key])).toBe(48);
  });

  it('given batches of 50 URLs under a key with 500 that several processes name at once, then exactly ten pass', async () => {
    const urls = Array.from({ length: 50 }, (_, i) => ({ of: `batch url ${i}`, perHour: 1000 }));
    expect(await together(() => [...urls, { of: 'batch key', perHour: 500, calls: 50 }])).toBe(10);
    // What was refused is counted nowhere.
    const [first] = urls;
    expect(await stores[0]!.limits.take([{ ...first!, perHour: 11 }])).toMatchObject({
      ...{ allowed: true, remaining: 0 },
    });
  });

  it('given a call that counts as more than is left, then fewer still pass', async () => {
    const { limits } = stores[0]!;
    const many = (calls: number) => limits.take([{ of: 'few left', perHour: 10, calls }]);
    expect(await many(8)).toMatchObject({ allowed: true, remaining: 2 });
    expect(await many(3)).toMatchObject({ allowed: false, limit: 10, remaining: 2 });
    expect(await many(2)).toMatchObject({ allowed: true, remaining: 0 });
  });

  it('given a window that is over, then the next call begins one, and what nobody asks for any more is dropped', async () => {
    const { limits } = stores[0]!;
    const one = { of: 'once an hour', perHour: 1 };
    await limits.take([one]);
    expect(await limits.take([one])).toMatchObject({ allowed: false });
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      await client.query('UPDATE spoor_accounts.rate_limit SET expire = expire - 3600000');
      expect(await limits.take([one])).toMatchObject({ allowed: true, remaining: 0 });
      await (limits as PostgresRateLimits).forget();
      const { rows } = await client.query('SELECT points FROM spoor_accounts.rate_limit');
      expect(rows).toEqual([{ points: 1 }]);
    } finally {
      await client.end();
    }
  });
});
