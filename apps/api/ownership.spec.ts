import { readFileSync } from 'node:fs';
import type { ApiKey, Scope } from '#libs/accounts';
import { SCOPES } from '#libs/events';
import { startTestApi, type TestApi } from './test-support.js';

/** Every key is called by its scopes, and by whose it is: `ann jobs:read jobs:write`. */
const keyCalled = (name: string): ApiKey => {
  const [owner = '', ...scopes] = name.split(' ');
  return {
    ...{ keyId: owner, hash: '', tier: 'basic', name: null, createdAt: '', expiresAt: null, revokedAt: null },
    scopes: scopes as Scope[],
  };
};
const revoked = new Set<string>();
const scrape = {
  service: { scrape: () => Promise.reject(new Error('not part of this test')) },
  batches: {} as never,
  findKey: async (presented: string) => (revoked.has(presented) ? null : keyCalled(presented)),
  usage: () => Promise.reject(new Error('not part of this test')),
  pricing: { methods: ['api_key' as const], tiers: {} as never },
};
const ANN = 'ann jobs:read jobs:write';
const BOB = 'bob jobs:read jobs:write';
const ADMIN = 'root admin';

interface Operation {
  parameters?: { name: string; in: string }[];
  requestBody?: { content: Record<string, { schema: { $ref: string } }> };
  security?: { apiKey: Scope[] }[];
}
const document = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);

const bodyNamesJob = ({ requestBody }: Operation): boolean => {
  const name = requestBody?.content['application/json']?.schema.$ref.split('/').at(-1) ?? '';
  return JSON.stringify(document.components.schemas[name] ?? null).includes('"jobId"');
};
/** By the document alone, not by what the routes say of themselves. */
const namingJobs = operations.flatMap(({ path, method, operation }) => {
  const at = (place: string) => [{ path, method, place }];
  if (path.includes('{id}') && !path.startsWith('/api/webhooks/')) return at('path');
  if (operation.parameters?.some(({ name }) => name === 'jobId')) return at('query');
  return bodyNamesJob(operation) ? at('body') : [];
});

let api: TestApi;
let job: string;
beforeEach(async () => {
  api = await startTestApi({ host: '0.0.0.0', heartbeatMs: 20 }, { scrape });
  const started = await api.post('/api/jobs', { start: ['http://site.invalid/'] }, { 'x-api-key': ANN });
  job = ((await started.json()) as { jobId: string }).jobId;
});
afterEach(() => api.close());

async function ask(
  key: string,
  { method, path, place }: { method: string; path: string; place?: string },
  id = job,
) {
  const url =
    api.url +
    path.replaceAll('{id}', id).replace('{pageId}', 'p') +
    (place === 'query' ? `?jobId=${id}` : '');
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', 'x-api-key': key },
    ...(method === 'GET' || method === 'DELETE'
      ? {}
      : { body: JSON.stringify(place === 'body' ? { jobId: id } : {}) }),
    signal: AbortSignal.timeout(10_000),
  });
  return { status: response.status, text: await response.text() };
}

describe('a job of one key', () => {
  it('is recorded as its owner’s', () => {
    expect(api.eventLog.entries[0]).toMatchObject({ type: 'JobStarted', data: { owner: 'ann' } });
  });

  it('knows every route that takes a job', () => {
    expect(namingJobs.map(({ method, path }) => `${method} ${path}`)).toEqual(
      expect.arrayContaining([
        ...[
          'GET /api/jobs/{id}',
          'DELETE /api/jobs/{id}',
          'POST /api/jobs/{id}/fork',
          'GET /api/sessions/{id}',
        ],
        ...['GET /api/segment/status', 'POST /api/segment/start', 'POST /api/monitoring/control'],
        ...['GET /api/monitoring/dashboard', 'GET /api/jobs/{id}/pages/{pageId}/body'],
      ]),
    );
    expect(namingJobs.length).toBeGreaterThanOrEqual(23);
  });

  it.each(namingJobs)('is to another key as one that does not exist: $method $path', async (route) => {
    const [others, none] = [await ask(BOB, route), await ask(BOB, route, '0-nothing000000')];
    const plain = ({ text }: { text: string }, id: string): string =>
      text.replaceAll(id, '').replace(/"timestamp":"[^"]*"/, '');
    expect([others.status, plain(others, job)]).toEqual([404, plain(none, '0-nothing000000')]);
    expect(api.eventLog.entries).toHaveLength(1);
  });

  it.each(namingJobs)('is found by its owner and by an admin: $method $path', async (route) => {
    for (const key of [ANN, ADMIN])
      expect((await ask(key, route)).text).not.toMatch(/job_not_found|forbidden/);
  });
});

describe('a job that is not named by one text', () => {
  it.each([
    ['GET', `/api/segment/status?jobId=a&jobId=b`, undefined],
    ['GET', `/api/monitoring/dashboard?jobId[]=a`, undefined],
    ['POST', '/api/segment/start', { jobId: ['a'] }],
    ['POST', '/api/monitoring/control', { jobId: { $ne: '' }, action: 'stop' }],
  ])('is refused: %s %s', async (method, path, body) => {
    const init = { method, headers: { 'content-type': 'application/json', 'x-api-key': BOB } };
    const response = await fetch(api.url + path, {
      ...init,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    expect(response.status).toBe(400);
    expect(api.eventLog.entries).toHaveLength(1);
  });
});

describe('scopes', () => {
  it.each(operations.filter(({ operation }) => operation.security))(
    'are asked for by $method $path',
    async (route) => {
      const [needed] = route.operation.security![0]!.apiKey;
      const others = SCOPES.filter((scope) => scope !== 'admin' && scope !== needed);
      expect((await ask(`ann ${others.join(' ')}`, route)).status).toBe(403);
      expect([401, 403]).not.toContain((await ask(`ann ${needed}`, route)).status);
    },
  );

  it('leave nothing open but what says so', () => {
    const open = operations.filter(({ operation }) => !operation.security).map(({ path }) => path);
    expect(open.filter((path) => !path.startsWith('/api/v1/')).sort()).toEqual(['/health', '/health/live']);
  });

  it('of what is in no document ask for admin', async () => {
    expect((await ask(ANN, { method: 'GET', path: '/metrics' })).status).toBe(403);
  });
});

describe('a proxy by the name of its environment variable', () => {
  const named = (name: string) => ({ provider: 'generic', url: { env: name } });
  const bodies = (proxy: object) =>
    [
      ['/api/jobs', { start: ['http://site.invalid/'], proxy }],
      ['/api/segment/start', { start: ['http://site.invalid/'], proxy }],
      [`/api/jobs/${job}/fork`, { changes: { proxy } }],
      [`/api/jobs/${job}/resume`, { changes: { proxy } }],
      ['/api/segment/start', { jobId: job, changes: { proxy } }],
    ] as const;

  it('is the operator’s to name, set or not; keys name those that are shared', async () => {
    const pooled = { provider: 'generic', pool: ['http://proxy.invalid:1', { env: 'DATABASE_URL' }] };
    const texts = new Set<string>();
    for (const proxy of [named('DATABASE_URL'), named('NOT_SET_ANYWHERE'), pooled])
      for (const [path, body] of bodies(proxy)) {
        const response = await api.post(path, body, { 'x-api-key': ANN });
        expect([path, response.status]).toEqual([path, 403]);
        texts.add((await response.text()).replace(/"timestamp":"[^"]*"/, ''));
      }
    expect(texts.size).toBe(2);
    expect(api.eventLog.entries).toHaveLength(1);
    const [[path, shared]] = bodies(named('SPOOR_PROXY_EU'));
    expect((await api.post(path, shared, { 'x-api-key': ANN })).status).toBe(201);
    const [[, any]] = bodies(named('ANY_PROXY'));
    expect((await api.post(path, any, { 'x-api-key': ADMIN })).status).toBe(201);
  });
});

describe('lists', () => {
  it('of jobs are narrowed to the owner’s, but for an admin', async () => {
    for (const path of ['/api/jobs', '/api/sessions', '/api/monitoring/dashboard'])
      for (const [key, owner] of [
        [ANN, 'ann'],
        [ADMIN, undefined],
      ] as const) {
        api.readModels.jobsAsked = [];
        expect((await ask(key, { method: 'GET', path })).status).toBe(200);
        expect(api.readModels.jobsAsked.map((asked) => asked.owner)).toEqual(
          api.readModels.jobsAsked.map(() => owner),
        );
        expect(api.readModels.jobsAsked).not.toHaveLength(0);
      }
  });

  it('of all events hold those of the caller’s jobs, under the sequences of the log', async () => {
    const bobs = await api.post('/api/jobs', { start: ['http://site.invalid/'] }, { 'x-api-key': BOB });
    const { jobId } = (await bobs.json()) as { jobId: string };
    const seen = async (key: string) => {
      const { text } = await ask(key, { method: 'GET', path: '/api/events' });
      const page = JSON.parse(text) as { items: { jobId: string; seq: number }[]; next: number };
      return { of: page.items.map((event) => `${event.seq} ${event.jobId}`), next: page.next };
    };
    expect(await seen(ANN)).toEqual({ of: [`1 ${job}`], next: 3 });
    expect(await seen(BOB)).toEqual({ of: [`2 ${jobId}`], next: 3 });
    expect((await seen(ADMIN)).of).toHaveLength(2);
    const lines = await ask(BOB, { method: 'GET', path: '/api/events?format=ndjson' });
    expect(lines.text).not.toContain(job);
  });

  it('given a key that is revoked, then its live stream ends', async () => {
    const own = 'eve jobs:read';
    const path = '/api/events?format=sse';
    const stream = ask(own, { method: 'GET', path });
    revoked.add(own);
    expect((await stream).text).not.toContain(job);
    expect((await ask(own, { method: 'GET', path })).status).toBe(401);
  });
});

describe('what a caller chooses', () => {
  it('given two keys with one Idempotency-Key, then each has a job of its own', async () => {
    const start = async (key: string) => {
      const headers = { 'x-api-key': key, 'idempotency-key': 'same' };
      return (await (await api.post('/api/jobs', { start: ['http://x.invalid/'] }, headers)).json()) as {
        jobId: string;
      };
    };
    const [ann, again, bob] = [await start(ANN), await start(ANN), await start(BOB)];
    expect(again.jobId).toBe(ann.jobId);
    expect(bob.jobId).not.toBe(ann.jobId);
  });

  it.each(['owner', 'status', 'tier', 'jobId', 'scopes'])(
    'given %s in a spec or a command, then it is refused',
    async (field) => {
      const spec = { start: ['http://x.invalid/'], [field]: 'root' };
      const headers = { 'x-api-key': ANN };
      for (const path of [
        '/api/jobs',
        `/api/jobs/${job}/fork`,
        `/api/jobs/${job}/stop`,
        `/api/jobs/${job}/resume`,
      ]) {
        const response = await api.post(path, path === '/api/jobs' ? spec : { [field]: 'root' }, headers);
        expect([path, response.status, await response.json()]).toMatchObject([
          path,
          400,
          { error: { field } },
        ]);
      }
    },
  );
});
