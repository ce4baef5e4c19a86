import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { openAccounts, type OpenAccounts } from '#libs/adapters/postgres';
import { systemClock } from '#libs/adapters/system';
import { createTestDatabase, startTestNats, type TestDatabase, type TestNats } from '#libs/testing';
import { UsageProjector } from './index.js';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const HOUR_MS = 3_600_000;

describe('what callers used, on a real log and a real database', () => {
  let nats: TestNats;
  let database: TestDatabase;
  let log: JetStreamHandle;
  let store: OpenAccounts;

  beforeAll(async () => {
    [nats, database] = await Promise.all([startTestNats(), createTestDatabase()]);
    log = await connectLog({ url: nats.url, shards: 1, name: 'usage spec' });
    store = await openAccounts(database.url);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([store.close(), log.close()]);
    await Promise.all([nats.stop(), database.drop()]);
  });

  const projector = () =>
    new UsageProjector({
      log: () => log.accounts(),
      store: async () => store.usage,
      clock: systemClock,
      logger,
    });
  const served = async (keyId: string, requestId: string): Promise<void> => {
    const base = { requestId, keyId, wallet: null, host: 'a.test', format: 'text' as const, durationMs: 1 };
    const data = { ...base, statusCode: 200, bytes: 5, charged: 0, signature: null, nodeId: null };
    const subject = `spoor.accounts.usage.${keyId}`;
    const time = new Date().toISOString();
    await (await log.accounts()).append({ type: 'ScrapeServed', id: `s:${requestId}`, subject, time, data });
  };

  it('is counted once up to this moment, however many count it', async () => {
    for (const [key, id] of [
      ['ann', '1'],
      ['ann', '2'],
      ['bob', '3'],
    ] as const)
      await served(key, id);
    await Promise.all([projector().catchUp(), projector().catchUp(), projector().catchUp()]);
    await projector().catchUp();
    await served('ann', '4');
    await projector().catchUp();
    const rows = await store.usage.hours({});
    expect(rows.filter(({ caller }) => caller === 'ann').reduce((sum, row) => sum + row.served, 0)).toBe(3);
    expect(rows.filter(({ caller }) => caller === 'bob').reduce((sum, row) => sum + row.bytes, 0)).toBe(5);
  });

  it('is found by caller and by the hours between two moments, the one of the first included', async () => {
    const [row] = await store.usage.hours({ caller: 'bob' });
    const hour = Date.parse(row!.hour);
    const at = (ms: number): string => new Date(hour + ms).toISOString();
    const found = async (from?: string, to?: string) =>
      (await store.usage.hours({ caller: 'bob', from, to })).length;
    expect(await found(at(0))).toBe(1);
    expect(await found(at(HOUR_MS - 1))).toBe(1);
    expect(await found(at(HOUR_MS))).toBe(0);
    expect(await found(undefined, at(0))).toBe(0);
    expect(await found(undefined, at(1))).toBe(1);
    expect(await store.usage.hours({ caller: 'nobody' })).toEqual([]);
  });
});
