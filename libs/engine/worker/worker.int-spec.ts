import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileBodies } from '#libs/adapters/bodies';
import { createEgress, type Egress } from '#libs/adapters/egress';
import { createPageParser } from '#libs/adapters/html';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { createRobots } from '#libs/adapters/robots';
import { newId, systemClock } from '#libs/adapters/system';
import { isUnreadable, type PageEvent } from '#libs/events';
import { ConflictError } from '#libs/engine/ports';
import type { Bodies, FetchOutcome, FetchRequest, FetchTask } from '#libs/engine/ports';
import { startTestNats, until, type TestNats } from '#libs/testing';
import { JobService } from '../jobs/index.js';
import { Worker, type WorkerDeps } from './index.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** A site that counts its requests; `/slow/…` answers only when told. */
class Site {
  readonly requests: string[] = [];
  private readonly server: Server;
  private letGo: () => void = () => undefined;
  private readonly released = new Promise<void>((resolve) => (this.letGo = resolve));

  constructor() {
    this.server = createServer((request, response) => {
      const path = request.url ?? '';
      if (path !== '/robots.txt') this.requests.push(path);
      if (path === '/robots.txt') return response.end('User-agent: *\nDisallow: /private\n');
      response.setHeader('content-type', 'text/html');
      response.statusCode = Number(/^\/status\/(\d+)/.exec(path)?.[1] ?? 200);
      if (path.includes('retry-after')) response.setHeader('retry-after', '7');
      const page = `<title>${path}</title><h1>h</h1><a href="/a">a</a><a href="http://other.test/">b</a>`;
      if (!path.startsWith('/slow/')) return response.end(page);
      return void this.released.then(() => response.end(page));
    });
  }
  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }
  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
  answerSlow(): void {
    this.letGo();
  }
  async close(): Promise<void> {
    this.letGo();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

describe('Worker on a real log', () => {
  let nats: TestNats;
  let log: JetStreamHandle;
  let site: Site;
  let egress: Egress;
  let dir: string;
  let bodies: Bodies;
  const workers: Worker[] = [];
  let released = 0;

  beforeEach(async () => {
    [nats, dir] = await Promise.all([startTestNats(), mkdtemp(join(tmpdir(), 'spoor-worker-'))]);
    log = await connectLog({ url: nats.url, shards: 1, name: 'test' });
    site = new Site();
    await site.open();
    egress = createEgress({ allowPrivate: ['127.0.0.1'] });
    bodies = createFileBodies({ dir });
    released = 0;
  });
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.drain(0);
    egress.close();
    await site.close();
    await log.close();
    await nats.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const worker = (over: Partial<WorkerDeps> = {}): Worker => {
    const { eventLog, fetchQueue } = log;
    const deps: WorkerDeps = {
      ...{ eventLog, fetchQueue, bodies, clock: systemClock, logger: quiet },
      ...{ fetcher: egress, robots: createRobots(egress), parser: createPageParser(), random: () => 0.5 },
      privateTargets: { of: () => [] },
      ...over,
    };
    const it = new Worker(deps, { shard: 0, pool: 'http', slots: 8 });
    workers.push(it);
    it.start();
    return it;
  };
  const jobs = (): JobService =>
    new JobService({ eventLog: log.eventLog, clock: systemClock, newId, shards: 1 });
  const start = async (over: object = {}) => jobs().start({ start: [`${site.origin}/`], ...over });
  const release = async (jobId: string, jobSeq: number, paths: string[], over: Partial<FetchTask> = {}) => {
    const task = { depth: 0, stage: 'page', try: 1, attempt: 1, ...over };
    const tasks = paths.map((path) => ({ url: site.origin + path, ...task }));
    const batch = { jobId, generation: 1, run: 1, jobSeq, logSeq: jobSeq, tasks };
    released = await log.fetchQueue.release(0, 'http', [batch], released);
  };
  const facts = async (jobId: string): Promise<Map<string, PageEvent>> => {
    const found = new Map<string, PageEvent>();
    for await (const { entries } of log.eventLog.readJob(jobId))
      for (const entry of entries)
        if (!isUnreadable(entry) && 'url' in entry.data && 'try' in entry.data)
          found.set(entry.data.url.slice(site.origin.length), entry as PageEvent);
    return found;
  };
  const queueEmpty = () =>
    until(async () => (await log.fetchQueue.snapshot(0)).batches.length === 0, { what: 'an empty queue' });
  const recorded = (jobId: string, count: number) =>
    until(async () => ((await facts(jobId)).size === count ? facts(jobId) : null), {
      what: `${count} facts`,
    });

  test('records each page once, with its links, body and verdict, and empties the queue', async () => {
    const { jobId, seq } = await start();
    await release(jobId, seq, ['/', '/status/404', '/private', '/status/503?retry-after']);
    worker();
    const found = await recorded(jobId, 4);
    await queueEmpty();
    expect(found.get('/')).toMatchObject({
      type: 'PageFetched',
      data: {
        statusCode: 200,
        title: '/',
        h1: 'h',
        error: null,
        links: { follow: { page: ['/a'] }, skip: { 'off-host': ['http://other.test/'] } },
        robots: { allowed: true, confidence: 'high' },
      },
    });
    const { body } = found.get('/')!.data as { body: { sha256: string } };
    expect(String(await bodies.get(jobId, body.sha256))).toContain('<h1>h</h1>');
    expect(found.get('/status/404')).toMatchObject({
      data: { statusCode: 404, error: null, title: '/status/404', links: { follow: {}, skip: {} } },
    });
    expect(found.get('/private')).toMatchObject({
      type: 'PageFetched',
      data: {
        statusCode: 200,
        contentLength: 0,
        robots: { allowed: false, confidence: 'low', reason: 'Path disallowed by robots.txt: /private' },
      },
    });
    expect(found.get('/status/503?retry-after')).toMatchObject({
      type: 'FetchRetried',
      data: { code: 'http_5xx', delayMs: 7000, retryAfterMs: 7000, burned: true },
    });
    expect(site.requests.toSorted()).toEqual(['/', '/private', '/status/404', '/status/503?retry-after']);
  });

  test('does not request what the job obeys robots.txt about, and ends the last attempt with the response', async () => {
    const { jobId, seq } = await start({ politeness: { robots: 'obey' }, bodies: 'failed' });
    await release(jobId, seq, ['/private', '/status/500', '/'], { attempt: 3, try: 3 });
    worker();
    const found = await recorded(jobId, 3);
    expect(found.get('/private')).toMatchObject({ type: 'PageSkipped', data: { code: 'robots_disallowed' } });
    expect(found.get('/status/500')).toMatchObject({
      type: 'PageFetched',
      data: { error: 'HTTP 500 after 3 attempts', body: { encoding: 'identity' } },
    });
    expect(found.get('/')!.data).not.toHaveProperty('body');
    expect(site.requests.toSorted()).toEqual(['/', '/status/500']);
  });

  test('a batch that comes again is looked up: what is in the log is not requested again', async () => {
    const { jobId, seq } = await start();
    await release(jobId, seq, ['/1', '/slow/2']);
    const first = worker();
    await until(async () => (await facts(jobId)).has('/1'), { what: 'the first fact' });
    await first.drain(0);
    site.answerSlow();
    worker();
    await recorded(jobId, 2);
    await queueEmpty();
    expect(site.requests.filter((path) => path === '/1')).toHaveLength(1);
    expect(site.requests.filter((path) => path === '/slow/2')).toHaveLength(2);
  });

  /** Workers that take the batch and are gone without a word. */
  async function takenInVain(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      const taken = await new Promise<{ giveBack(): Promise<void> }>((resolve) => {
        const handle = log.fetchQueue.pull(0, 'http', {
          freeSlots: () => 8,
          onDelivery: (delivery) => void handle.stop().then(() => resolve(delivery)),
          onError: () => undefined,
        });
      });
      await taken.giveBack();
    }
  }

  test('the third delivery burns an attempt of the first unrecorded page, and goes on with the others', async () => {
    const { jobId, seq } = await start();
    await release(jobId, seq, ['/1', '/2', '/3']);
    await takenInVain(2);
    worker();
    const found = await recorded(jobId, 3);
    expect(found.get('/1')).toMatchObject({
      type: 'FetchRetried',
      data: { code: 'worker_died', attempt: 1, burned: true },
    });
    expect(found.get('/2')!.type).toBe('PageFetched');
    expect(site.requests).toEqual(['/2', '/3']);
    await queueEmpty();
  });

  test('the third delivery at the last attempt ends the first unrecorded page unfetched', async () => {
    const { jobId, seq } = await start();
    await release(jobId, seq, ['/1', '/2'], { attempt: 3 });
    await takenInVain(2);
    worker();
    const found = await recorded(jobId, 2);
    expect(found.get('/1')).toMatchObject({
      type: 'FetchFailed',
      data: { code: 'worker_died', statusCode: 0 },
    });
    expect(site.requests).toEqual(['/2']);
    await queueEmpty();
  });

  test('a stop aborts what is in flight: acknowledged, no event, the page stays open', async () => {
    const { jobId, seq } = await start();
    await release(jobId, seq, ['/slow/1', '/slow/2']);
    worker();
    await until(() => site.requests.length === 2, { what: 'requests in flight' });
    await jobs().stop(jobId);
    await queueEmpty();
    expect((await facts(jobId)).size).toBe(0);
    await release(jobId, seq, ['/later']);
    await queueEmpty();
    expect(site.requests).toHaveLength(2);
  });

  test('a pause lets what is in flight finish', async () => {
    const { jobId, seq } = await start();
    await release(jobId, seq, ['/slow/1']);
    worker();
    await until(() => site.requests.length === 1, { what: 'a request in flight' });
    await jobs().pause(jobId);
    site.answerSlow();
    expect((await recorded(jobId, 1)).get('/slow/1')!.type).toBe('PageFetched');
  });

  test('a stop that the log refused ends nothing', async () => {
    const { jobId, seq } = await start();
    await release(jobId, seq, ['/slow/1']);
    worker();
    await until(() => site.requests.length === 1, { what: 'a request in flight' });
    const stop = { commandId: 'late', run: 1 };
    const refused = log.eventLog.appendJob(
      { type: 'JobStopped', id: `${jobId}:late`, jobId, time: new Date().toISOString(), data: stop },
      seq + 100,
    );
    await expect(refused).rejects.toBeInstanceOf(ConflictError);
    site.answerSlow();
    expect((await recorded(jobId, 1)).get('/slow/1')!.type).toBe('PageFetched');
  });

  test('of many tries that meet a failing proxy together one ends the run, and no page is burned', async () => {
    const { jobId, seq } = await start({ proxy: { url: 'http://proxy.test:1' } });
    const paths = Array.from({ length: 8 }, (_, i) => `/${i}`);
    for (const half of [paths.slice(0, 4), paths.slice(4)]) await release(jobId, seq, half);
    let meet = (): void => undefined;
    const together = new Promise<void>((resolve) => (meet = resolve));
    let met = 0;
    const refusing = {
      fetch: async ({ url }: FetchRequest): Promise<FetchOutcome> => {
        if (++met === paths.length) meet();
        await together;
        return {
          ...{ ok: false, code: 'proxy_refused', message: 'The proxy refuses', statusCode: 0, finalUrl: url },
          ...{ redirects: [], timing: { startedAt: 0, durationMs: 1 } },
        };
      },
    };
    const robots: WorkerDeps['robots'] = {
      check: async ({ policy }) => ({ policy, allowed: true, confidence: 'high', reason: '', rule: null }),
    };
    for (let i = 0; i < 2; i++) worker({ fetcher: refusing, robots });
    await queueEmpty();
    expect(met).toBe(paths.length);
    const decisions = await log.eventLog.readDecisions(jobId);
    expect(decisions.map(({ type }) => type)).toEqual(['JobStarted', 'ProxyFailed']);
    expect((await facts(jobId)).size).toBe(0);
    expect(await jobs().state(jobId)).toMatchObject({
      status: 'error',
      lastError: { code: 'proxy_refused' },
    });
  });

  test('a store that fails holds the page until it works again', async () => {
    let failures = 2;
    const { jobId, seq } = await start();
    await release(jobId, seq, ['/1']);
    const put: Bodies['put'] = async (...args) => {
      if (failures-- > 0) throw Object.assign(new Error('disk full'), { code: 'store_unavailable' });
      return bodies.put(...args);
    };
    worker({ bodies: { put } });
    const found = await recorded(jobId, 1);
    expect(found.get('/1')).toMatchObject({ type: 'PageFetched', data: { body: { encoding: 'identity' } } });
    expect(site.requests).toEqual(['/1']);
  });

  test('a page that cannot be parsed, and a defect, end as failures and stop nothing', async () => {
    const { jobId, seq } = await start();
    await release(jobId, seq, ['/parse', '/defect', '/good']);
    const parser = createPageParser();
    const robots = createRobots(egress);
    worker({
      parser: {
        parse: (request) => {
          if (request.finalUrl.endsWith('/parse')) throw new TypeError('undefined is not a function');
          return parser.parse(request);
        },
      },
      robots: {
        check: async (question) => {
          if (question.url.endsWith('/defect')) throw new TypeError('undefined is not a function');
          return robots.check(question);
        },
      },
    });
    const found = await recorded(jobId, 3);
    expect(found.get('/parse')).toMatchObject({
      data: { code: 'parse_error', message: 'The page could not be parsed' },
    });
    expect(found.get('/defect')).toMatchObject({
      data: { code: 'internal', message: 'An error of the engine' },
    });
    expect(found.get('/good')!.type).toBe('PageFetched');
    await queueEmpty();
  });
});
