import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createKeyHasher, installationSecret, newId, systemClock } from '#libs/adapters/system';
import { loadConfig } from '#libs/config';
import { Keys, type NewKey } from '#libs/engine/accounts';
import { openResources, type Resources } from '#libs/hosting';
import { createTestDatabase, startTestNats, until, type TestDatabase, type TestNats } from '#libs/testing';
import { startApi } from '../index.js';

const PATIENCE = 60_000;
const MB = 1024 * 1024;
type Started = Awaited<ReturnType<typeof startApi>>;

let nats: TestNats;
let store: TestDatabase;
let home: string;
let target: Server;
let site: string;
const resources: Resources[] = [];
const apis: Started[] = [];

const long = Buffer.alloc(2 * MB, 'x');
const pages: Record<string, RequestListener> = {
  '/': (_, res) => void res.setHeader('content-type', 'text/html').end('<h1>Caf&eacute;</h1><p>open</p>'),
  '/json': (_, res) => void res.setHeader('content-type', 'application/json').end('{"a":[1,"ü"]}'),
  '/latin1': (_, res) =>
    void res
      .setHeader('content-type', 'text/plain; charset=iso-8859-1')
      .end(Buffer.from('caf\xe9', 'latin1')),
  '/just-fits': (_, res) => void res.setHeader('content-type', 'text/plain').end(long),
  '/too-long': (_, res) =>
    void res.setHeader('content-type', 'text/plain').end(Buffer.alloc(2 * MB + 1, 'x')),
  '/bomb': (_, res) => {
    res.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' });
    res.end(gzipSync(Buffer.alloc(64 * MB)));
  },
  '/not-gzip': (_, res) =>
    void res.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end('plain'),
  '/empty': (_, res) => void res.setHeader('content-type', 'text/html').end(' \n '),
  '/only-script': (_, res) => void res.setHeader('content-type', 'text/html').end('<script>x</script>'),
  '/png': (_, res) => void res.setHeader('content-type', 'image/png').end(Buffer.from([137, 80, 0])),
  '/binary-html': (_, res) => void res.setHeader('content-type', 'text/html').end(Buffer.from([1, 0, 2])),
  '/nested': (_, res) => void res.setHeader('content-type', 'text/html').end('<div>'.repeat(50_000) + 'x'),
  '/reset': (_, res) => void res.socket!.destroy(),
  '/loop': (_, res) => void res.writeHead(302, { location: '/loop' }).end(),
  '/hops': (req, res) => {
    const left = Number(new URL(req.url!, site).searchParams.get('n'));
    res.writeHead(302, { location: left === 0 ? '/' : `/hops?n=${left - 1}` }).end();
  },
  '/to-private': (_, res) => void res.writeHead(302, { location: 'http://10.0.0.1/' }).end(),
  '/to-ftp': (_, res) => void res.writeHead(302, { location: 'ftp://a.test/' }).end(),
};

beforeAll(async () => {
  [nats, store] = await Promise.all([startTestNats(), createTestDatabase()]);
  home = mkdtempSync(join(tmpdir(), 'spoor-scrape-'));
  target = createServer((req, res) => {
    const { pathname } = new URL(req.url!, 'http://x');
    const status = /^\/status\/(\d+)$/.exec(pathname)?.[1];
    if (status) return void res.writeHead(Number(status)).end('no');
    const page = pages[pathname];
    if (page) page(req, res);
    else res.writeHead(404).end('nothing');
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  site = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
  for (let i = 0; i < 2; i += 1) {
    const config = loadConfig({
      ...{ NATS_URL: nats.url, DATABASE_URL: store.url, SPOOR_HOME: home, SPOOR_PORT: '0' },
      ...{ SPOOR_LOG_LEVEL: 'silent', SPOOR_ALLOW_PRIVATE: new URL(site).host },
    });
    resources.push(await openResources(config, { name: `api ${i}` }));
    apis.push(await startApi(resources[i]!));
  }
}, PATIENCE);

afterAll(async () => {
  await Promise.all(apis.map((api) => api.close()));
  await Promise.all(resources.map((one) => one.close()));
  target.closeAllConnections();
  target.close();
  await Promise.all([nats.stop(), store.drop()]);
  rmSync(home, { recursive: true, force: true });
}, PATIENCE);

async function keys(): Promise<Keys> {
  const hasher = createKeyHasher(installationSecret({ given: null, home, mayGenerate: false }));
  return new Keys({ log: await resources[0]!.log.accounts(), hasher, clock: systemClock, newId });
}

async function newKey(over: Partial<NewKey> = {}): Promise<{ key: string; keyId: string }> {
  const made = await (await keys()).create({ tier: 'basic', scopes: ['scrape'], ...over });
  // Every process learns of it from the log.
  for (const api of apis)
    await until(
      async () => (await fetch(`${api.url}/api/v1/usage`, { headers: { 'x-api-key': made.key } })).ok,
    );
  return made;
}

async function scrape(body: object, headers: Record<string, string> = {}, api = apis[0]!) {
  const response = await fetch(`${api.url}/api/v1/scrape`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

describe('the scrape endpoint', () => {
  let key: string;
  beforeAll(async () => void ({ key } = await newKey()), PATIENCE);
  const of = (path: string, over: object = {}) => scrape({ url: site + path, ...over }, { 'x-api-key': key });

  it('hands out readable text, HTML and JSON, with who asked', async () => {
    const { status, body, headers } = await of('/');
    expect(status).toBe(200);
    expect(body).toEqual({
      ...{ success: true, url: `${site}/`, content: 'Café\n\nopen', format: 'text', status_code: 200 },
      ...{ timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/), api_key_used: true, tier: 'basic' },
    });
    expect(headers.get('ratelimit-limit')).toBe('500');
    expect(Number(headers.get('ratelimit-remaining'))).toBeLessThan(500);
    expect((await of('/', { format: 'html' })).body['content']).toBe('<h1>Caf&eacute;</h1><p>open</p>');
    expect((await of('/json', { format: 'JSON' })).body['content']).toEqual({ a: [1, 'ü'] });
    expect((await of('/latin1')).body['content']).toBe('café');
    expect((await of('/hops?n=2')).body).toMatchObject({ success: true, content: 'Café\n\nopen' });
    expect((await of('/just-fits')).status).toBe(200);
  });

  it.each([
    ['/status/401', {}, 502, 'http_error', { status_code: 401 }],
    ['/status/403', {}, 502, 'http_error', { status_code: 403 }],
    ['/nowhere', {}, 502, 'http_error', { status_code: 404 }],
    ['/status/429', {}, 502, 'http_error', { status_code: 429 }],
    ['/status/503', {}, 502, 'http_error', { status_code: 503 }],
    ['/too-long', {}, 413, 'response_too_large', { max_bytes: 2 * MB, received_bytes: 2 * MB + 1 }],
    ['/bomb', {}, 413, 'response_too_large', { max_bytes: 2 * MB }],
    ['/not-gzip', {}, 502, 'encoding_error', {}],
    ['/empty', {}, 502, 'empty_response', {}],
    ['/only-script', {}, 502, 'empty_response', {}],
    ['/', { format: 'json' }, 502, 'invalid_json', {}],
    ['/png', {}, 502, 'unsupported_content_type', {}],
    ['/binary-html', {}, 502, 'invalid_html', {}],
    ['/nested', {}, 500, 'parsing_error', {}],
    ['/reset', {}, 502, 'connection_error', {}],
    ['/loop', {}, 502, 'too_many_redirects', {}],
    ['/hops?n=3', {}, 502, 'too_many_redirects', {}],
    ['/to-private', {}, 502, 'redirect_error', {}],
    ['/to-ftp', {}, 502, 'redirect_error', {}],
  ])('given %s %p, then %s %s', async (path, over, status, error, details) => {
    const answer = await of(path, over);
    expect([answer.status, answer.body['error']]).toEqual([status, error]);
    expect(answer.body).toMatchObject({ success: false, message: expect.any(String), ...details });
    const allowed = ['success', 'error', 'message', ...Object.keys(details), 'received_bytes'];
    expect(Object.keys(answer.body).filter((name) => !allowed.includes(name))).toEqual([]);
  });

  it('given a name that does not exist, and a port where nobody listens, then says which', async () => {
    const unknown = await scrape({ url: 'http://nowhere.invalid/' }, { 'x-api-key': key });
    expect([unknown.status, unknown.body['error']]).toEqual([502, 'dns_error']);
  });

  it('checks in its order: url, format, address, payment, key', async () => {
    const bad = { 'x-api-key': 'spoor_bad' };
    const codes = await Promise.all([
      scrape({ format: 'pdf' }, bad),
      scrape({ url: 'ftp://x', format: 'pdf' }, bad),
      scrape({ url: 'http://10.0.0.1/', format: 'pdf' }, bad),
      scrape({ url: 'http://10.0.0.1/' }, bad),
      scrape({ url: 'http://localhost/' }),
      scrape({ url: `${site}/` }),
      scrape({ url: `${site}/`, wallet: 'w' }),
      scrape({ url: `${site}/` }, bad),
    ]);
    expect(codes.map(({ status, body }) => `${status} ${String(body['error'])}`)).toEqual([
      ...['400 missing_url', '400 invalid_url', '400 invalid_format', '400 url_blocked', '400 url_blocked'],
      ...['402 missing_payment', '402 missing_payment', '401 invalid_api_key'],
    ]);
    expect(codes[5]!.body['methods']).toEqual(['api_key']);
  });

  it('given a body that is no JSON, or a form, then it is refused in the same words', async () => {
    const raw = (body: string, type: string) =>
      fetch(`${apis[0]!.url}/api/v1/scrape`, { method: 'POST', headers: { 'content-type': type }, body });
    for (const [response, status] of [
      [await raw('{', 'application/json'), 400],
      [await raw('url=x', 'application/x-www-form-urlencoded'), 415],
      [await raw('[]', 'application/json'), 400],
    ] as const) {
      expect(response.status).toBe(status);
      expect(await response.json()).toMatchObject({ success: false, error: 'missing_url' });
    }
  });

  it('answers problem details to who asks for them', async () => {
    const response = await fetch(`${apis[0]!.url}/api/v1/scrape`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/problem+json' },
      body: '{}',
    });
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await response.json()).toMatchObject({
      status: 400,
      code: 'missing_url',
      detail: 'URL is required',
    });
  });
});

describe('keys', () => {
  it('given a key that is revoked, then it opens nothing in any process', async () => {
    const { key, keyId } = await newKey();
    await (await keys()).revoke(keyId);
    await (await keys()).revoke(keyId);
    for (const api of apis)
      await until(async () => (await scrape({ url: `${site}/` }, { 'x-api-key': key }, api)).status === 401);
    await expect((await keys()).revoke('0000000000000000')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('given a key without the scope, then it does not scrape', async () => {
    const { key } = await newKey({ scopes: ['jobs:read'] });
    expect((await scrape({ url: `${site}/` }, { 'x-api-key': key })).status).toBe(401);
  });

  it('of a key the log holds a keyed hash and nothing else; the secret is its owner’s alone', async () => {
    const { key } = await newKey();
    const stored: string[] = [];
    for await (const { events } of (await resources[0]!.log.accounts()).read())
      stored.push(...events.map((event) => JSON.stringify(event)));
    expect(stored.join('\n')).not.toContain(key.slice(23));
    expect(statSync(join(home, 'secrets', 'key-secret')).mode & 0o777).toBe(0o600);
  });
});

describe('limits', () => {
  it('given 100 calls at once for one URL over two processes, then exactly 50 pass', async () => {
    const { key, keyId } = await newKey();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => scrape({ url: `${site}/` }, { 'x-api-key': key }, apis[i % 2])),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect([answers.filter(({ status }) => status === 200).length, refused.length]).toEqual([50, 50]);
    const { body, headers } = refused[0]!;
    expect(body).toMatchObject({ error: 'rate_limit_exceeded', tier: 'basic' });
    expect(body['retry_after_seconds']).toBeGreaterThan(0);
    expect(headers.get('retry-after')).toBe(String(body['retry_after_seconds']));
    // Another URL is not used up, and what was refused was not counted against the key.
    const other = await scrape({ url: `${site}/json` }, { 'x-api-key': key });
    expect([other.status, other.headers.get('ratelimit-remaining')]).toEqual([200, '449']);
    // A process that starts only now knows what was counted before.
    const config = { ...resources[0]!.config, port: 0 };
    const newResources = await openResources(config, { name: 'api late' });
    const late = await startApi(newResources);
    try {
      await until(
        async () => (await fetch(`${late.url}/api/v1/usage`, { headers: { 'x-api-key': key } })).ok,
      );
      expect((await scrape({ url: `${site}/` }, { 'x-api-key': key }, late)).status).toBe(429);
    } finally {
      await late.close();
      await newResources.close();
    }
    await until(async () => {
      const usage = await fetch(`${apis[1]!.url}/api/v1/usage`, { headers: { 'x-api-key': key } });
      const { hours } = (await usage.json()) as { hours: { served: number }[] };
      return hours.reduce((sum, { served }) => sum + served, 0) === 51;
    });
    const totals = await resources[0]!.log.accounts();
    let events = 0;
    for await (const batch of totals.read({ only: { subject: `spoor.accounts.usage.${keyId}` } }))
      events += batch.events.length;
    expect(events).toBe(51);
  });

  it('given a stranger who guesses, then an address has a hundred tries an hour, whatever it says of itself', async () => {
    const tries = await Promise.all(
      Array.from({ length: 120 }, (_, i) =>
        scrape(
          { url: `${site}/` },
          { 'x-api-key': `guess-${randomBytes(4).toString('hex')}`, 'x-forwarded-for': `1.2.3.${i}` },
        ),
      ),
    );
    const refused = tries.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(20);
    expect(refused[0]!.body).toMatchObject({ error: 'rate_limit_exceeded', tier: 'anonymous' });
  });
});
