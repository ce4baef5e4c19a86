import { freePort, until } from '#libs/testing';
import { Home, kill, type Spoor } from './support/spoor.js';
import { Site } from './support/site.js';

const URLS = 40;
/** What `batchSpec` asks for of one host. */
const AT_ONCE = 4;
const KEY = 'spoor_key_secret_of_this_test_0123456789';

type Part = 'coordinator' | 'worker' | 'api';

describe('a batch of scrapes, with the parts as separate processes', () => {
  let home: Home;
  let site: Site;
  let base: string;
  const parts = new Map<Part, Spoor>();
  const begin = (part: Part): void => void parts.set(part, home.spoor(['run', part]));
  const again = async (part: Part): Promise<void> => {
    kill(parts.get(part)!.process.pid!);
    await parts.get(part)!.finished;
    begin(part);
  };

  beforeAll(async () => {
    site = await new Site({ pages: URLS, delayMs: 60 }).listen();
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    home = new Home({
      ...{ SPOOR_PORT: String(port), SPOOR_ALLOW_PRIVATE: site.host, SPOOR_LEASE_MS: '1000' },
      ...{ SPOOR_HOST: '0.0.0.0', SPOOR_KEY_SECRET: KEY },
    });
    for (const part of ['coordinator', 'worker', 'api'] as const) begin(part);
    await until(lives, { timeoutMs: 120_000, what: 'the api to live' });
  }, 150_000);
  afterAll(async () => {
    await home.end();
    await site.close();
  });

  const lives = (): Promise<boolean> =>
    fetch(`${base}/health/live`).then(
      ({ ok }) => ok,
      () => false,
    );
  const newKey = async (...options: string[]): Promise<{ key: string; keyId: string }> => {
    const made = await home.run(['key', 'create', ...options, '--output', 'json']);
    return JSON.parse(made.stdout) as { key: string; keyId: string };
  };
  const get = async (
    path: string,
    key?: string,
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await fetch(base + path, { headers: key === undefined ? {} : { 'x-api-key': key } });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  test('given that API, worker and coordinator are killed in its middle, then each URL has one result and is counted once', async () => {
    const { key, keyId } = await newKey('--name', 'shop');
    const urls = Array.from({ length: URLS }, (_, n) => `http://${site.host}/p/${n}`);
    const response = await fetch(`${base}/api/v1/scrape/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': key },
      body: JSON.stringify({ urls, format: 'html' }),
    });
    expect(response.status).toBe(202);
    const { batch_id: id } = (await response.json()) as { batch_id: string };

    for (const [n, part] of (['api', 'worker', 'coordinator'] as const).entries()) {
      await until(() => site.served >= 5 + 8 * n, { timeoutMs: 60_000, what: 'some pages' });
      await again(part);
    }
    const over = async (): Promise<Record<string, unknown>[] | null> => {
      const { body } = await get(`/api/v1/scrape/batch/${id}`, key).catch(() => ({
        body: {} as Record<string, unknown>,
      }));
      return body['status'] === 'done' ? (body['results'] as Record<string, unknown>[]) : null;
    };
    const results = await until(over, { timeoutMs: 60_000, what: 'the batch to be done' });
    expect(results.map(({ url, success, content }) => [url, success, typeof content])).toEqual(
      urls.map((url) => [url, true, 'string']),
    );
    expect(site.served).toBe(URLS);
    expect(site.repeated.length).toBeLessThanOrEqual(2 * AT_ONCE);

    const used = async (): Promise<unknown> => {
      const { stdout } = await home.run(['usage', keyId, '--from', '1h', '--output', 'json']);
      const [row] = JSON.parse(stdout) as { served: number }[];
      return row?.served === undefined ? null : row;
    };
    expect(await until(used, { timeoutMs: 60_000, what: 'the use to be counted' })).toMatchObject({
      ...{ caller: keyId, name: 'shop', served: URLS, refused: 0, watt: 0 },
    });
  }, 150_000);

  test('given an address that others reach, then nothing but a word of health is told without a key, also from here', async () => {
    const { key } = await newKey('--scopes', 'jobs:read');
    const { status, body } = await get('/health');
    expect([status, Object.keys(body).sort()]).toEqual([status, ['status', 'timestamp']]);
    expect([200, 503]).toContain(status);
    for (const path of ['/api/jobs', '/api/events', '/health/ready', '/metrics'])
      expect((await get(path)).status).toBe(401);
    await until(async () => (await get('/api/jobs', key)).status === 200);
    // The batch of the other key is no job of this one.
    expect((await get('/api/events?limit=1000', key)).body['items']).toEqual([]);
    for (const path of ['/health/ready', '/api/webhooks']) expect((await get(path, key)).status).toBe(403);
  }, 60_000);
});
