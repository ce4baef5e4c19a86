import { request as httpRequest } from 'node:http';
import type { ApiKey, Scope } from '#libs/accounts';
import { startTestApi, type TestApi } from '../test-support.js';

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
  findKey: async (presented: string) =>
    revoked.has(presented) || !presented.includes(' ') ? null : keyCalled(presented),
  usage: () => Promise.reject(new Error('not part of this test')),
  pricing: { methods: ['api_key' as const], tiers: {} as never },
} as never;
const ANN = 'ann jobs:read jobs:write';
const BOB = 'bob jobs:read jobs:write';
const ADMIN = 'root admin';

/** A browser without a script: it keeps cookies, follows nothing, and sends forms from the pages it was given. */
class Visitor {
  private readonly cookies = new Map<string, string>();
  set: string[] = [];

  constructor(private readonly api: TestApi) {}

  async get(path: string, headers: Record<string, string> = {}) {
    return this.ask(path, { headers });
  }

  /** @param from the page that the form stands on */
  async post(
    path: string,
    fields: Record<string, string>,
    { from = path, headers = {}, token }: PostOptions = {},
  ) {
    const given = token ?? /name="token"\s+value="([^"]+)"/.exec((await this.get(from)).text)?.[1] ?? '';
    const body = new URLSearchParams({ token: given, ...fields });
    return this.ask(path, {
      method: 'POST',
      body,
      headers: { origin: this.api.url, 'sec-fetch-site': 'same-origin', ...headers },
    });
  }

  private async ask(path: string, init: RequestInit & { headers: Record<string, string> }) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(this.api.url + path, {
      redirect: 'manual',
      ...init,
      headers: { cookie, ...init.headers },
    });
    this.set = response.headers.getSetCookie();
    for (const line of this.set) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      this.cookies.set(name!, value!);
    }
    return {
      status: response.status,
      headers: response.headers,
      location: response.headers.get('location'),
      text: await response.text(),
    };
  }
}
interface PostOptions {
  from?: string;
  headers?: Record<string, string>;
  token?: string;
}

const started = async (api: TestApi, spec: object, headers: Record<string, string> = {}): Promise<string> => {
  const response = await api.post('/api/jobs', spec, headers);
  return ((await response.json()) as { jobId: string }).jobId;
};

describe('on loopback', () => {
  let api: TestApi;
  let visitor: Visitor;
  let job: string;
  beforeAll(async () => {
    api = await startTestApi({}, { scrape });
    job = await started(api, { name: '<script>alert(1)</script>', start: ['http://site.invalid/?a="><b>'] });
  });
  beforeEach(() => void (visitor = new Visitor(api)));
  afterAll(() => api.close());
  const pathsOf = (): string[] => [
    '/sessions',
    '/sessions/new',
    ...['', '/timeline', '/pages', '/items', '/at/1', '/restart', '/again'].map(
      (path) => `/sessions/${job}${path}`,
    ),
    '/system',
    '/login',
  ];

  it('given nobody who signed in, then every page is there for the person at the machine', async () => {
    for (const path of pathsOf()) expect([path, (await visitor.get(path)).status]).toEqual([path, 200]);
    expect((await visitor.get('/')).location).toBe('/sessions');
  });

  it('every page allows no script and no style but those of its own files, and no frame around it', async () => {
    for (const path of [...pathsOf(), '/sessions/0-nothere00']) {
      const { headers, text } = await visitor.get(path);
      const policy = headers.get('content-security-policy')!;
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*|data:|https?:/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(text).not.toMatch(/<[^>]+\s(on\w+|style)=/);
      expect(text).not.toMatch(/<script(?! type="module" src="\/assets\/)/);
    }
  });

  it('what a session is called stays text', async () => {
    for (const path of ['', '/restart']) {
      const { text } = await visitor.get(`/sessions/${job}${path}`);
      expect(text).toContain('&lt;script&gt;alert(1)');
      expect(text).not.toContain('<script>alert');
    }
  });

  it('its files are kept for ever under a name that holds their hash; another name is nothing', async () => {
    const { text } = await visitor.get('/sessions');
    const names = [...text.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, name]) => name!);
    expect(names).toHaveLength(3);
    for (const name of names) {
      const { status, headers } = await visitor.get(name);
      expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
    }
    for (const name of ['/assets/live.js', '/assets/..%2f..%2fpackage.json'])
      expect((await visitor.get(name)).status).toBe(404);
    const script = await visitor.get(names.find((name) => name.endsWith('.js'))!);
    expect(script.text.length).toBeLessThan(60_000);
  });

  it('given a name that leads here from elsewhere (DNS rebinding), then nothing is told', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port: api.port,
        path: '/sessions',
        headers: { host: 'evil.invalid' },
      };
      httpRequest(options, (answer) => resolve(answer.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });

  it('a session is started by a form, paused and resumed by others, once however often it is sent', async () => {
    const page = await visitor.get('/sessions/new');
    const once = /name="once"\s+value="([^"]+)"/.exec(page.text)![1]!;
    const fields = { mode: 'url', url: 'http://site.invalid/', name: 'by form', maxPages: '10', once };
    const first = await visitor.post('/sessions', fields, { from: '/sessions/new' });
    const again = await visitor.post('/sessions', fields, { from: '/sessions/new' });
    expect(first.status).toBe(303);
    expect(again.location).toBe(first.location);
    const path = first.location!.split('?')[0]!;
    const paused = await visitor.post(`${path}/pause`, {}, { from: path });
    expect([paused.status, paused.location]).toEqual([303, `${path}?did=pause`]);
    expect((await visitor.get(paused.location!)).text).toMatch(/Paused[^]*>Resume</);
    expect((await visitor.post(`${path}/resume`, {}, { from: path })).location).toBe(`${path}?did=resume`);
  });

  it('given a sign-in whose key was revoked, then it ends, and the person at the machine is let in', async () => {
    await visitor.post('/login', { key: BOB, next: '/sessions' }, { from: '/login' });
    expect((await visitor.get(`/sessions/${job}`)).status).toBe(404);
    revoked.add(BOB);
    const { location } = await visitor.get(`/sessions/${job}`);
    expect(location).toMatch(/^\/login/);
    expect((await visitor.get(location!)).location).toBe(`/sessions/${job}`);
    expect((await visitor.get(`/sessions/${job}`)).status).toBe(200);
  });

  it('given a log that does not answer, then the page of the system does all the same', async () => {
    const { head } = api.eventLog;
    api.eventLog.head = () => new Promise(() => undefined);
    const { status, text } = await visitor.get('/system').finally(() => (api.eventLog.head = head));
    expect([status, text.includes('<h1>System</h1>')]).toEqual([200, true]);
  });

  it('given a command that cannot be, then the page of the session says why', async () => {
    const refused = await visitor.post(`/sessions/${job}/resume`, {}, { from: `/sessions/${job}` });
    expect(refused.status).toBe(409);
    expect(refused.text).toContain('role="alert"');
    expect(refused.text).toContain('Not resumed');
  });

  it.each<[Record<string, string>, string]>([
    [{ mode: 'url', url: 'ftp://x.invalid/' }, 'url-error'],
    [{ mode: 'url', url: 'http://x.invalid/', maxPages: 'many' }, 'maxPages-error'],
    [{ mode: 'spec', spec: '{"start": [' }, 'not valid JSON'],
    [
      { mode: 'spec', spec: '{"start":["http://x.invalid/"],"politeness":{"perHost":0}}' },
      'politeness.perHost',
    ],
  ])(
    'given %j, then the form says what is wrong where it is, and keeps what was written',
    async (fields, found) => {
      const { status, text } = await visitor.post('/sessions', fields, { from: '/sessions/new' });
      expect(status).toBe(400);
      expect(text).toContain(found);
      expect(text).toContain('aria-invalid="true"');
      if (fields['mode'] === 'url') expect(text).toContain(`value="${fields['url']}"`);
    },
  );

  it.each([
    ['statusCode=abc', 'statusCode: must be a code such as 503'],
    [`errorCode=${'x'.repeat(61)}`, 'errorCode: must be at most 60 characters'],
  ])('given the filter %s, then the table says what is wrong with it', async (query, told) => {
    const { status, text } = await visitor.get(`/sessions/${job}/pages?${query}`);
    expect(status).toBe(400);
    expect(/role="alert">([^<]*)/.exec(text)?.[1]).toContain(told);
  });

  describe('a form that is not ours', () => {
    const path = (): string => `/sessions/${job}/stop`;
    const runs = (): boolean =>
      !api.eventLog.entries.some(({ jobId, type }) => jobId === job && type === 'JobStopped');
    afterEach(() => expect(runs()).toBe(true));

    it.each([
      [{ origin: 'http://evil.invalid' }],
      [{ origin: 'null' }],
      [{ 'sec-fetch-site': 'cross-site' }],
      [{ 'sec-fetch-site': 'same-site' }],
      [{ 'content-type': 'text/plain' }],
      [{ 'content-type': 'application/json' }],
    ])('given %j, then 403', async (headers) =>
      expect((await visitor.post(path(), {}, { from: `/sessions/${job}`, headers })).status).toBe(403),
    );

    it('given no token, or that of another browser, then 403', async () => {
      const other = new Visitor(api);
      const theirs = /name="token"\s+value="([^"]+)"/.exec((await other.get(`/sessions/${job}`)).text)![1]!;
      await visitor.get('/sessions');
      for (const token of ['', 'x', theirs])
        expect((await visitor.post(path(), {}, { token })).status).toBe(403);
    });

    it('given JSON or nothing at all, then 403 too', async () => {
      const asked = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
      expect((await fetch(api.url + path(), asked)).status).toBe(403);
      expect((await fetch(api.url + path(), { method: 'POST' })).status).toBe(403);
      expect((await fetch(api.url + path().replace('sessions', 'SESSIONS'), asked)).status).toBe(403);
    });
  });
});

describe('beyond the machine', () => {
  let api: TestApi;
  let visitor: Visitor;
  beforeAll(async () => void (api = await startTestApi({ host: '0.0.0.0' }, { scrape })));
  beforeEach(() => {
    visitor = new Visitor(api);
    revoked.clear();
  });
  afterAll(() => api.close());
  const signIn = (key: string, next = '/sessions') =>
    visitor.post('/login', { key, next }, { from: '/login' });

  it('given nobody who signed in, then every page asks who it is, and goes there afterwards', async () => {
    const job = await started(api, { start: ['http://site.invalid/'] }, { 'x-api-key': ANN });
    const below = [
      '',
      '/timeline',
      '/pages',
      '/items',
      '/at/1',
      '/live',
      '/restart',
      '/retry',
      '/again',
      '/pages/x',
      '/pages/x/body',
    ];
    for (const path of [
      '/sessions',
      '/sessions/new',
      '/sessions/live',
      '/system',
      ...below.map((one) => `/sessions/${job}${one}`),
    ]) {
      const { status, location } = await visitor.get(path);
      expect([path, status, location]).toEqual([path, 303, `/login?next=${encodeURIComponent(path)}`]);
    }
    for (const action of ['resume', 'pause', 'stop', 'restart', 'retry'])
      expect((await visitor.post(`/sessions/${job}/${action}`, {}, { from: '/login' })).location).toMatch(
        /^\/login/,
      );
    expect(
      (await visitor.post('/sessions', { mode: 'url', url: 'http://x.invalid/' }, { from: '/login' }))
        .location,
    ).toMatch(/^\/login/);
  });

  it('given a key, then the browser is signed in by a cookie that no script and no other site gets', async () => {
    const { status, location } = await signIn(ADMIN, '/system');
    expect([status, location]).toEqual([303, '/system']);
    const cookie = visitor.set.find((line) => line.startsWith('spoor_session='))!;
    for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/']) expect(cookie).toContain(part);
    expect(decodeURIComponent(cookie)).not.toContain(ADMIN);
    expect((await visitor.get('/system')).status).toBe(200);
    expect((await visitor.get('/api/jobs')).status).toBe(200);
    await visitor.post('/logout', {}, { from: '/sessions' });
    expect((await visitor.get('/system')).status).toBe(303);
  });

  it('given a key that is none, or may not read, then it says so and nobody is signed in', async () => {
    for (const key of ['guess', 'eve scrape', '']) {
      const { status, text } = await signIn(key);
      expect([status, text.includes('role="alert"')]).toEqual([401, true]);
    }
    expect((await visitor.get('/sessions')).status).toBe(303);
  });

  it('given a key that is revoked, then its sessions end', async () => {
    await signIn(ANN);
    expect((await visitor.get('/sessions')).status).toBe(200);
    revoked.add(ANN);
    expect((await visitor.get('/sessions')).status).toBe(303);
    expect((await visitor.get('/login')).location).toBe('/sessions');
    expect((await visitor.get('/sessions')).location).toMatch(/^\/login/);
    expect((await visitor.get('/login')).status).toBe(200);
  });

  it('shows a key its own sessions and no others', async () => {
    const own = await started(api, { start: ['http://site.invalid/'] }, { 'x-api-key': ANN });
    await signIn(BOB);
    const below = ['', '/timeline', '/pages', '/items', '/at/1', '/live', '/pages/x', '/pages/x/body'];
    for (const path of [...below, '/again', '/restart', '/retry'])
      expect([path, (await visitor.get(`/sessions/${own}${path}`)).status]).toEqual([path, 404]);
    for (const action of ['resume', 'pause', 'stop', 'restart', 'retry'])
      expect((await visitor.post(`/sessions/${own}/${action}`, {}, { from: '/sessions' })).status).toBe(404);
    expect((await visitor.get('/system')).status).toBe(403);
    await signIn(ANN);
    expect((await visitor.get(`/sessions/${own}`)).status).toBe(200);
  });

  it('given a spec in a form, then its proxy may name no variable that is the operator’s', async () => {
    const specWith = (env: string): string =>
      JSON.stringify({ start: ['http://site.invalid/'], proxy: { provider: 'generic', url: { env } } });
    const startWith = (env: string) =>
      visitor.post('/sessions', { mode: 'spec', spec: specWith(env) }, { from: '/sessions/new' });
    await signIn(ANN);
    const before = api.eventLog.entries.length;
    for (const env of ['DATABASE_URL', 'NOT_SET_ANYWHERE']) expect((await startWith(env)).status).toBe(403);
    expect(api.eventLog.entries).toHaveLength(before);
    expect((await startWith('SPOOR_PROXY_EU')).status).toBe(303);
    await signIn(ADMIN);
    expect((await startWith('DATABASE_URL')).status).toBe(303);
  });

  it.each(['https://evil.invalid/', '//evil.invalid', '/\\evil.invalid', 'javascript:alert(1)', '/a b'])(
    'given %s as where to go next, then it goes to its own pages',
    async (next) => expect((await signIn(ADMIN, next)).location).toBe('/sessions'),
  );
});
