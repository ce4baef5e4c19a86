import { readFileSync } from 'node:fs';
import { finding, type HealthReport } from '#libs/engine/health';
import type { ApiKey } from '#libs/accounts';
import { startTestApi, WELL, type TestApi } from './test-support.js';

const UNWELL: HealthReport = {
  ...{ ...WELL, status: 'unavailable', nats: 'unavailable' },
  findings: [finding('nats_unavailable', 'NATS does not answer.')],
};
const adminKey = 'spoor_admin';
const scrapeKey = 'spoor_scraper';
const keyOf = (scopes: ApiKey['scopes']): ApiKey => ({
  ...{ keyId: 'k', hash: '', tier: 'basic', name: null, createdAt: '', expiresAt: null, revokedAt: null },
  scopes,
});
const scrape = {
  service: { scrape: () => Promise.reject(new Error('not part of this test')) },
  batches: {} as never,
  findKey: async (presented: string) =>
    presented === adminKey ? keyOf(['admin']) : presented === scrapeKey ? keyOf(['scrape']) : null,
  usage: () => Promise.reject(new Error('not part of this test')),
  pricing: { methods: ['api_key' as const], tiers: {} as never },
};

interface Route {
  method: string;
  path: string;
}

/** Every route of the API, as its own document lists them. */
function routes(): Route[] {
  const { paths } = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as {
    paths: Record<string, object>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{\w+\}/g, '0-aaaaaaaa'),
    })),
  );
}

async function ask(
  api: TestApi,
  { method, path }: Route,
  headers: Record<string, string> = {},
): Promise<number> {
  const body = method === 'GET' || method === 'DELETE' ? {} : { body: '{}' };
  const response = await fetch(api.url + path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...body,
  });
  await response.body?.cancel();
  return response.status;
}

describe('beyond the machine', () => {
  let api: TestApi;
  beforeAll(async () => void (api = await startTestApi({ host: '0.0.0.0' }, { scrape })));
  afterAll(() => api.close());

  it('given no key or a wrong one, then no route of the control API answers', async () => {
    const listed = routes().filter(
      ({ path }) => !['/health', '/health/live'].includes(path) && !path.startsWith('/api/v1/'),
    );
    expect(listed.length).toBeGreaterThan(20);
    for (const route of [
      ...listed,
      { method: 'GET', path: '/api/docs' },
      { method: 'GET', path: '/metrics' },
    ]) {
      expect([route.path, await ask(api, route)]).toEqual([route.path, 401]);
      expect([route.path, await ask(api, route, { 'x-api-key': 'guess' })]).toEqual([route.path, 401]);
    }
  });

  it('given a key without a scope, then 403; with it, the route answers, by either header', async () => {
    const jobs = { method: 'GET', path: '/api/jobs' };
    expect(await ask(api, jobs, { 'x-api-key': scrapeKey })).toBe(403);
    expect(await ask(api, jobs, { 'x-api-key': adminKey })).toBe(200);
    expect(await ask(api, jobs, { authorization: `Bearer ${adminKey}` })).toBe(200);
  });

  it('says whether it works to everybody', async () => {
    expect(await ask(api, { method: 'GET', path: '/health/live' })).toBe(200);
    const response = await fetch(`${api.url}/health`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok', timestamp: expect.any(String) });
    const unwell = await startTestApi({}, { health: { look: async () => UNWELL } });
    expect(await unwell.get('/health')).toMatchObject({ status: 503, body: { status: 'unavailable' } });
    await unwell.close();
  });

  it('looks at the stores once for many strangers', async () => {
    let looks = 0;
    const counting = await startTestApi({}, { health: { look: async () => (looks++, WELL) } });
    await Promise.all(Array.from({ length: 20 }, () => counting.get('/health')));
    await counting.close();
    expect(looks).toBeGreaterThan(0);
    expect(looks).toBeLessThan(20);
  });

  it('reads no long body of a stranger', async () => {
    const body = JSON.stringify({ url: 'x'.repeat(3 * 1024 * 1024) });
    const response = await api.post('/api/v1/scrape', body);
    expect([response.status, await response.json()]).toMatchObject([
      413,
      { success: false, error: 'missing_url' },
    ]);
  });
});

describe('on loopback', () => {
  let api: TestApi;
  beforeAll(async () => void (api = await startTestApi({}, { scrape })));
  afterAll(() => api.close());
  const jobs = { method: 'GET', path: '/api/jobs' };

  it('is open for the person at the machine', async () => expect(await ask(api, jobs)).toBe(200));

  it.each(['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'])(
    'given that somebody stands in between (%s), then it is not',
    async (header) => expect(await ask(api, jobs, { [header]: '127.0.0.1' })).toBe(401),
  );

  it('given a key that is none, then it says so', async () =>
    expect(await ask(api, jobs, { 'x-api-key': 'guess' })).toBe(401));
});
