import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEgress } from '#libs/adapters/egress';
import { createPageParser } from '#libs/adapters/html';
import { createRobots } from '#libs/adapters/robots';
import { createKeyHasher, installationSecret, newId, systemClock } from '#libs/adapters/system';
import { loadConfig } from '#libs/config';
import { Coordinator } from '#libs/engine';
import { Keys, type NewKey } from '#libs/engine/accounts';
import { Worker } from '#libs/engine/worker';
import { subjects, type AccountEventData } from '#libs/events';
import { openResources, type Resources } from '#libs/hosting';
import { createTestDatabase, startTestNats, until, type TestDatabase, type TestNats } from '#libs/testing';
import { startApi } from '../index.js';

const PATIENCE = 60_000;
const MB = 1024 * 1024;
type Started = Awaited<ReturnType<typeof startApi>>;
type Json = Record<string, unknown>;
interface Batch extends Json {
  batch_id: string;
  status: string;
  total: number;
  completed: number;
  results: Json[];
  next: number | null;
}

let nats: TestNats;
let store: TestDatabase;
let home: string;
let target: Server;
let site: string;
let resources: Resources;
let coordinator: Coordinator;
let worker: Worker;
let egress: ReturnType<typeof createEgress>;
let api: Started;
/** Answers that wait until the test lets them go. */
const held: (() => void)[] = [];
const requested: string[] = [];

const html =
  (text: string): RequestListener =>
  (_, res) =>
    void res.setHeader('content-type', 'text/html').end(text);
const pages: Record<string, RequestListener> = {
  '/': html('<h1>Caf&eacute;</h1><p>open</p>'),
  '/json': (_, res) => void res.setHeader('content-type', 'application/json').end('{"a":[1,"ü"]}'),
  '/just-fits': (_, res) => void res.setHeader('content-type', 'text/plain').end(Buffer.alloc(2 * MB, 'x')),
  '/too-long': (_, res) =>
    void res.setHeader('content-type', 'text/plain').end(Buffer.alloc(2 * MB + 1, 'x')),
  '/not-gzip': (_, res) =>
    void res.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end('plain'),
  '/empty': html(' \n '),
  '/only-script': html('<script>x</script>'),
  '/png': (_, res) => void res.setHeader('content-type', 'image/png').end(Buffer.from([137, 80, 0])),
  '/binary-html': (_, res) => void res.setHeader('content-type', 'text/html').end(Buffer.from([1, 0, 2])),
  '/nested': html('<div>'.repeat(50_000) + 'x'),
  '/reset': (_, res) => void res.socket!.destroy(),
  '/loop': (_, res) => void res.writeHead(302, { location: '/loop' }).end(),
  '/to-private': (_, res) => void res.writeHead(302, { location: 'http://10.0.0.1/' }).end(),
  '/to-ftp': (_, res) => void res.writeHead(302, { location: 'ftp://a.test/' }).end(),
};

const open = () =>
  openResources(
    loadConfig({
      ...{ NATS_URL: nats.url, DATABASE_URL: store.url, SPOOR_HOME: home, SPOOR_PORT: '0' },
      ...{ SPOOR_LOG_LEVEL: 'silent', SPOOR_ALLOW_PRIVATE: new URL(site).host },
    }),
    { name: 'batch spec' },
  );

beforeAll(async () => {
  [nats, store] = await Promise.all([startTestNats(), createTestDatabase()]);
  home = mkdtempSync(join(tmpdir(), 'spoor-batch-'));
  target = createServer((req, res) => {
    const { pathname } = new URL(req.url!, 'http://x');
    requested.push(pathname);
    const status = /^\/status\/(\d+)$/.exec(pathname)?.[1];
    if (status) return void res.writeHead(Number(status)).end('no');
    if (pathname.startsWith('/held')) return void held.push(() => void res.end('held'));
    const page = pages[pathname];
    if (page) page(req, res);
    else res.writeHead(404).end('nothing');
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  site = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
  resources = await open();
  const { log, bodies, clock, logger, config, proxies, privateTargets, hashKey } = resources;
  const { eventLog, fetchQueue, lease, progress } = log;
  egress = createEgress({ allowPrivate: config.allowPrivate, proxies });
  const parts = { eventLog, fetchQueue, clock, logger };
  coordinator = new Coordinator(
    { ...parts, lease, progress, hashKey, room: { freeBytes: async () => null } },
    { shard: 0, pool: 'http', holder: 'spec' },
  );
  worker = new Worker(
    {
      ...{ ...parts, bodies, privateTargets, fetcher: egress, random: Math.random },
      ...{ robots: createRobots(egress, clock), parser: createPageParser() },
    },
    { shard: 0, pool: 'http', slots: 8 },
  );
  coordinator.start();
  worker.start();
  api = await startApi(resources);
}, PATIENCE);

afterAll(async () => {
  await api.close();
  await worker.drain(0);
  await coordinator.stop();
  egress.close();
  await resources.close();
  target.closeAllConnections();
  target.close();
  await Promise.all([nats.stop(), store.drop()]);
  rmSync(home, { recursive: true, force: true });
}, PATIENCE);

async function newKey(over: Partial<NewKey> = {}): Promise<{ key: string; keyId: string }> {
  const hasher = createKeyHasher(installationSecret({ given: null, home, mayGenerate: false }));
  const keys = new Keys({ log: await resources.log.accounts(), hasher, clock: systemClock, newId });
  const made = await keys.create({ tier: 'basic', scopes: ['scrape'], ...over });
  await until(
    async () => (await fetch(`${api.url}/api/v1/usage`, { headers: { 'x-api-key': made.key } })).ok,
  );
  return made;
}

const ask = (path: string, key: string | null, init: RequestInit = {}): Promise<Response> => {
  const headers = { 'content-type': 'application/json', ...(key === null ? {} : { 'x-api-key': key }) };
  return fetch(`${api.url}/api/v1/scrape${path}`, { ...init, headers: { ...headers, ...init.headers } });
};
const post = (body: unknown, key: string | null, headers: Record<string, string> = {}, path = '/batch') =>
  ask(path, key, { method: 'POST', body: JSON.stringify(body), headers });
const started = async (urls: unknown[], key: string): Promise<Batch> => {
  const response = await post({ urls }, key);
  expect(response.status).toBe(202);
  return (await response.json()) as Batch;
};
const look = async (batchId: string, key: string, query = ''): Promise<Batch> =>
  (await (await ask(`/batch/${batchId}${query}`, key)).json()) as Batch;
const over = (batchId: string, key: string): Promise<Batch> =>
  until(async () => {
    const batch = await look(batchId, key);
    return ['running', 'paused'].includes(batch.status) ? null : batch;
  });
const counted = async (batchId: string): Promise<AccountEventData<'BatchScraped'>[]> => {
  const found: AccountEventData<'BatchScraped'>[] = [];
  const log = await resources.log.accounts();
  for await (const { events } of log.read({ only: { subject: subjects.batchSubject(batchId) } }))
    for (const event of events) if (event.type === 'BatchScraped') found.push(event.data);
  return found;
};
const countedPlaces = async (batchId: string): Promise<number[]> =>
  (await counted(batchId)).flatMap(({ results }) => results.map(({ index }) => index));

describe('a batch', () => {
  it('answers each URL as the single endpoint does', async () => {
    const { key } = await newKey();
    const paths = Object.keys(pages);
    const urls: { url: string; format?: string }[] = [
      ...paths.map((path) => ({ url: site + path })),
      ...['/status/401', '/status/429', '/status/503', '/nowhere'].map((path) => ({ url: site + path })),
      ...['/json', '/nested', '/'].map((path) => ({ url: site + path, format: 'html' })),
      { url: `${site}/json`, format: 'json' },
      { url: `${site}/`, format: 'json' },
      { url: 'http://nowhere.invalid/' },
      { url: 'http://10.0.0.1/' },
      { url: 'ftp://a.test/' },
      { url: 'http://u:p@a.test/' },
      { url: `${site}/`, format: 'pdf' },
      { url: '' },
    ];
    const { batch_id: id, total } = await started(urls, key);
    const { results, completed, next } = await over(id, key);
    expect([total, completed, results.length, next]).toEqual([urls.length, urls.length, urls.length, null]);
    const { key: other } = await newKey();
    for (const [index, wanted] of urls.entries()) {
      const single = (await (await post(wanted, other, {}, '')).json()) as Json;
      const { index: at, format, ...result } = results[index]!;
      expect(at).toBe(index);
      const plain = ({ timestamp: _timestamp, url: _url, format: _format, ...rest }: Json) => rest;
      expect([wanted, plain(result)]).toEqual([wanted, plain(single)]);
      if (single['success']) expect([result['url'], format]).toEqual([single['url'], single['format']]);
    }
  });

  it('fetches each URL once, whatever it is wanted as, and counts each place once', async () => {
    const { key, keyId } = await newKey();
    const url = `${site}/json?once`;
    requested.length = 0;
    const { batch_id: id } = await started(
      [url, { url, format: 'json' }, `${url}#x`, `${site}/nowhere`, 'x'],
      key,
    );
    await over(id, key);
    expect(requested.filter((path) => path === '/json')).toHaveLength(1);
    await until(async () => (await counted(id)).length > 0);
    const usage = await until(async () => {
      const response = await fetch(`${api.url}/api/v1/usage`, { headers: { 'x-api-key': key } });
      const { hours } = (await response.json()) as { hours: { served: number; refusedByCode: Json }[] };
      return hours[0] ?? null;
    });
    expect(usage).toMatchObject({ served: 3, refused: 1, refusedByCode: { http_error: 1 } });
    expect(await counted(id)).toMatchObject([
      { batchId: id, keyId, results: [{}, {}, {}, { code: 'http_error' }] },
    ]);
  });

  it('tells its progress from any event on, and ends; then there is nothing more', async () => {
    const { key } = await newKey();
    const { batch_id: id } = await started([`${site}/`, `${site}/nowhere`, 'x'], key);
    const stream = async (last?: number) => {
      const response = await ask(`/batch/${id}/events`, key, {
        headers: last === undefined ? {} : { 'last-event-id': String(last) },
      });
      const frames = (await response.text()).split('\n\n').filter((frame) => frame.startsWith('id: '));
      const read = (frame: string) => {
        const [, seq, event, data] = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/.exec(frame)!;
        return { seq: Number(seq), event, data: JSON.parse(data!) as Json };
      };
      return { status: response.status, events: frames.map(read) };
    };
    const { events } = await stream();
    expect(events.at(-1)).toMatchObject({
      event: 'status',
      data: { status: 'done', total: 3, completed: 3 },
    });
    const results = events.flatMap(({ data }) => (data['results'] as Json[] | undefined) ?? []);
    expect(results.map(({ index, success, error }) => `${index} ${success} ${error ?? ''}`).sort()).toEqual([
      ...['0 true ', '1 false http_error', '2 false invalid_url'],
    ]);
    expect(JSON.stringify(results)).not.toContain('Café');
    const behind = events[2]!.seq;
    expect((await stream(behind)).events).toEqual(events.filter(({ seq }) => seq > behind));
    expect((await stream(events.at(-1)!.seq)).status).toBe(204);
  });

  it('is its key’s alone; without one, a payment does not help', async () => {
    const [ann, bob, jobs, admin] = await Promise.all([
      ...[newKey(), newKey(), newKey({ scopes: ['jobs:read'] }), newKey({ scopes: ['admin'] })],
    ]);
    const { batch_id: id } = await started([`${site}/`], ann!.key);
    const answer = async (key: string | null, path: string) => {
      const response = await ask(path, key);
      return { status: response.status, text: await response.text() };
    };
    for (const path of [`/batch/${id}`, `/batch/${id}/events`]) {
      const others = await answer(bob!.key, path);
      expect(others).toEqual(await answer(bob!.key, path.replace(id, '0-batch000000000')));
      expect([others.status, JSON.parse(others.text)]).toMatchObject([404, { error: 'job_not_found' }]);
      expect((await answer(jobs!.key, path)).status).toBe(401);
      expect((await answer(admin!.key, path)).status).toBe(200);
      expect((await answer(null, path)).status).toBe(402);
    }
    const paid = await post({ urls: [`${site}/`], wallet: 'w', tx_signature: 's' }, null);
    expect([paid.status, await paid.json()]).toEqual([
      402,
      {
        ...{ success: false, error: 'missing_payment', methods: ['api_key'] },
        message: 'A batch takes an API key; payments are for single scrapes',
      },
    ]);
  });
});

describe('limits of a batch', () => {
  it('given more than the limit bears, then none of it is counted and less may still be had', async () => {
    const { key } = await newKey();
    const many = (n: number) => Array<string>(n).fill(`${site}/`);
    const refused = await post({ urls: many(51) }, key);
    expect([refused.status, await refused.json()]).toMatchObject([
      429,
      { error: 'rate_limit_exceeded', tier: 'basic', retry_after_seconds: expect.any(Number) },
    ]);
    expect(refused.headers.get('ratelimit-remaining')).toBe('50');
    const taken = await post({ urls: [...many(50), 'not a url'] }, key);
    expect([taken.status, taken.headers.get('ratelimit-remaining')]).toEqual([202, '450']);
    expect((await post({ url: `${site}/` }, key, {}, '')).status).toBe(429);
  });

  it('given an Idempotency-Key, then a repeat is the same batch and counts nothing; another body is a conflict', async () => {
    const { key } = await newKey();
    const repeat = { 'idempotency-key': 'order 1' };
    const first = await post({ urls: [`${site}/`] }, key, repeat);
    const again = await post({ urls: [`${site}/`] }, key, repeat);
    const [a, b] = [(await first.json()) as Batch, (await again.json()) as Batch];
    expect([again.status, b.batch_id]).toEqual([202, a.batch_id]);
    expect((await post({ urls: [`${site}/json`] }, key, repeat)).status).toBe(409);
    const single = await post({ url: `${site}/json` }, key, {}, '');
    expect(single.headers.get('ratelimit-remaining')).toBe('498');
    const { key: bob } = await newKey();
    expect(((await (await post({ urls: [`${site}/`] }, bob, repeat)).json()) as Batch).batch_id).not.toBe(
      a.batch_id,
    );
  });
});

describe('a batch and what dies', () => {
  it('given no API while it runs, then a new one has its results, and each place is counted once', async () => {
    const { key } = await newKey();
    const { batch_id: id } = await started([`${site}/held/1`, `${site}/`, `${site}/nowhere`], key);
    await until(() => held.length === 1);
    await api.close();
    held.splice(0).forEach((go) => go());
    await until(async () => (await resources.jobs.state(id))?.status === 'done');
    expect(await counted(id)).toEqual([]);
    const others = await open();
    const second = await startApi(others);
    api = await startApi(resources);
    try {
      await until(async () => (await counted(id)).length > 0);
      expect((await look(id, key)).results.map(({ success }) => success)).toEqual([true, true, false]);
      // Both have looked at every batch that came to rest before, when they have counted one that came after.
      const { batch_id: later } = await started([`${site}/`], key);
      await until(async () => (await counted(later)).length > 0);
      expect([await countedPlaces(id), await countedPlaces(later)]).toEqual([[0, 1, 2], [0]]);
    } finally {
      await second.close();
      await others.close();
    }
  });

  it('given that it is stopped and resumed, then what it had is kept and the rest is counted when it comes', async () => {
    const { key } = await newKey();
    const { batch_id: id } = await started([`${site}/`, `${site}/held/2`], key);
    await until(async () => held.length === 1 && (await look(id, key)).completed === 1);
    await resources.jobs.stop(id);
    const stopped = await over(id, key);
    expect(stopped.results[1]).toMatchObject({ success: false, error: 'internal_error' });
    await until(async () => (await counted(id)).length === 1);
    expect(await countedPlaces(id)).toEqual([0]);
    held.length = 0;
    await resources.jobs.resume(id);
    await until(() => held.length === 1);
    held.splice(0).forEach((go) => go());
    expect((await over(id, key)).results[1]).toMatchObject({ success: true, content: 'held' });
    await until(async () => (await counted(id)).length === 2);
    expect(await countedPlaces(id)).toEqual([0, 1]);
  });
});
