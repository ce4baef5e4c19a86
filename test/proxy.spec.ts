import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DEMO_FAULTS, startDemoProxy, type DemoFault, type DemoProxy } from '#libs/demo-proxy';
import { freePort, until } from '#libs/testing';
import { Home, readLines, treeOf, type Finished } from './support/spoor.js';
import { Site } from './support/site.js';

const PAGES = 250;
const CERT = resolve('test/fixtures/tls/cert.pem');
const tls = {
  key: readFileSync(resolve('test/fixtures/tls/key.pem'), 'utf8'),
  cert: readFileSync(CERT, 'utf8'),
};
/** The proxy speaks to sites from an address of its own, so that a site can tell who goes direct. */
const FROM_PROXY = '127.0.0.2';
const PASSWORD = 'canary-password';

interface LogEvent {
  type: string;
  seq: number;
  data: Record<string, unknown> & { url?: string; run?: number; burned?: boolean; code?: string };
}
interface Job {
  status: string;
  run: number;
  lastError?: string | null;
}

const CODES: Record<DemoFault, string> = {
  '407': 'proxy_auth',
  'traffic-limit': 'proxy_traffic_limit',
  '502': 'proxy_bad_gateway',
  '504': 'proxy_timeout',
  '522': 'proxy_timeout',
  '525': 'proxy_no_exit',
  refuse: 'proxy_refused',
  reset: 'proxy_reset',
  close: 'proxy_reset',
  hang: 'proxy_connect_timeout',
  slow: 'proxy_connect_timeout',
  garbage: 'proxy_invalid_response',
  tls: 'proxy_tls',
};

/** What was decided; pages that were on their way may still come in after it. */
const decisionsOf = (events: LogEvent[]): string[] =>
  events.map(({ type }) => type).filter((type) => type.startsWith('Job') || type === 'ProxyFailed');

describe('a proxy that fails', () => {
  let home: Home;
  let base: string;
  const sites: Record<'http' | 'https', Site> = {} as never;

  const secretsOf = (entries: Record<string, string>): void =>
    writeFileSync(
      home.path('.env.local'),
      Object.entries(entries)
        .map(([name, value]) => `${name}="${value}"\n`)
        .join(''),
    );
  const api = async <T>(path: string, body?: unknown): Promise<{ status: number; body: T }> => {
    const response = await fetch(`${base}${path}`, {
      ...(body === undefined
        ? {}
        : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as T };
  };
  const eventsOf = async (jobId: string): Promise<LogEvent[]> => {
    const response = await fetch(`${base}/api/jobs/${jobId}/events?format=ndjson`);
    const lines = (await response.text()).split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as LogEvent);
  };
  const job = async (jobId: string): Promise<Job> => (await api<Job>(`/api/jobs/${jobId}`)).body;
  const statusIs = (jobId: string, status: string, timeoutMs: number): Promise<unknown> =>
    until(async () => (await job(jobId)).status === status, { timeoutMs, what: `status ${status}` });
  const spec = (start: string, proxy: object): object => ({
    start: [start],
    proxy: { connectTimeoutMs: 1000, ...proxy },
    politeness: { concurrency: 32, perHost: 32, delayMs: 0, robots: 'obey' },
    retry: { attempts: 3, baseMs: 50 },
  });
  const control = (jobId: string, action: string) =>
    api<{ success?: boolean; error?: string }>('/api/monitoring/control', { jobId, action });

  beforeAll(async () => {
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    home = new Home({
      SPOOR_PORT: String(port),
      SPOOR_ALLOW_PRIVATE: '*',
      NODE_EXTRA_CA_CERTS: CERT,
    });
    home.spoor(['up', '--workers', '2']);
    const ready = () =>
      fetch(`${base}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    await until(ready, { timeoutMs: 60_000, what: 'the engine to be ready' });
  });
  afterAll(() => home.end());
  beforeEach(async () => {
    sites.http = await new Site({ pages: PAGES, delayMs: 20 }).listen();
    sites.https = await new Site({ pages: PAGES, delayMs: 20, tls }).listen();
  });
  afterEach(async () => {
    await sites.http.close();
    await sites.https.close();
  });

  /** Crawls, breaks the proxy at a random page, mends it, resumes, and looks at what is left of it in log and site. */
  async function breakAndMend(site: Site, proxy: DemoProxy, fault: DemoFault): Promise<void> {
    secretsOf({ SPOOR_PROXY_URL: proxy.url });
    const began = await api<{ jobId: string }>(
      '/api/jobs',
      spec(site.start, { url: { env: 'SPOOR_PROXY_URL' } }),
    );
    expect(began).toMatchObject({ status: 201 });
    const { jobId } = began.body;
    const moment = 40 + Math.floor(Math.random() * (PAGES - 120));
    await until(() => site.served >= moment, { timeoutMs: 30_000, what: `${moment} pages` });
    const brokenAt = performance.now();
    await proxy.fault(fault);
    await statusIs(jobId, 'error', 8000);
    const tookMs = Math.round(performance.now() - brokenAt);
    if (process.env['SPOOR_TEST_TIMES']) console.info(`${fault}: error after ${tookMs} ms`);

    const before = await eventsOf(jobId);
    const failures = before.filter(({ type }) => type === 'ProxyFailed');
    expect(failures).toHaveLength(1);
    expect(failures[0]!.data).toMatchObject({ run: 1, code: CODES[fault] });
    const { message } = failures[0]!.data as { message: string };
    expect(message).toMatch(/^Proxy error: /);
    for (const part of [failures[0]!.data.url!, 'Resume: ', `--resume ${jobId}`])
      expect(message).toContain(part);

    const refused = await control(jobId, 'resume');
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect((await job(jobId)).status).toBe('error');
    expect(decisionsOf(await eventsOf(jobId))).toEqual(['JobStarted', 'ProxyFailed']);

    const committed = before.flatMap(({ type, data }) =>
      type === 'PageFetched' ? [new URL(data.url!).pathname] : [],
    );
    const hits = new Map(site.hits);
    await proxy.fault(null);
    expect(await control(jobId, 'resume')).toMatchObject({ status: 200, body: { success: true } });
    await statusIs(jobId, 'done', 40_000);

    const after = await eventsOf(jobId);
    const pages = after.filter(({ type }) => type === 'PageFetched').map(({ data }) => data.url);
    expect({ pages: pages.length, unique: new Set(pages).size, served: site.served }).toEqual({
      pages: PAGES,
      unique: PAGES,
      served: PAGES,
    });
    expect(committed.filter((path) => site.hits.get(path) !== hits.get(path))).toEqual([]);
    expect(after.filter(({ type }) => ['FetchRetried', 'FetchFailed', 'PageSkipped'].includes(type))).toEqual(
      [],
    );
    expect(decisionsOf(after)).toEqual(['JobStarted', 'ProxyFailed', 'JobResumed', 'JobCompleted']);
    expect([...site.from.keys()]).toEqual([FROM_PROXY]);
    expect(JSON.stringify(after)).not.toContain(PASSWORD);
  }

  const credentials = { user: 'user', password: PASSWORD, localAddress: FROM_PROXY };
  const cases = DEMO_FAULTS.flatMap((fault) =>
    (['http', 'https'] as const).map((protocol) => [fault, protocol] as const),
  );

  test.each(cases)(
    '%s, %s target: one ProxyFailed, nothing lost, burned or fetched again, nothing direct',
    async (fault, protocol) => {
      // The handshake with the proxy itself can only break where there is one.
      const proxy = await startDemoProxy({ ...credentials, ...(fault === 'tls' ? { tls } : {}) });
      try {
        await breakAndMend(sites[protocol], proxy, fault);
      } finally {
        await proxy.close();
      }
    },
  );

  const crawled = async (start: string, proxy: object): Promise<string> =>
    (await api<{ jobId: string }>('/api/jobs', spec(start, proxy))).body.jobId;
  const retriesOf = (events: LogEvent[]): LogEvent[] => events.filter(({ type }) => type === 'FetchRetried');

  test('is broken from the start: the job starts, fails at robots.txt or the first page, and says so', async () => {
    const proxy = await startDemoProxy(credentials);
    secretsOf({ SPOOR_PROXY_URL: proxy.url });
    await proxy.fault('525');
    const jobId = await crawled(sites.http.start, { url: { env: 'SPOOR_PROXY_URL' } });
    await statusIs(jobId, 'error', 8000);
    expect((await eventsOf(jobId)).map(({ type }) => type)).toEqual(['JobStarted', 'ProxyFailed']);
    expect(sites.http.from.size).toBe(0);
    await proxy.close();
  });

  test('is borne up to its tolerance, over all workers, and not further', async () => {
    const proxy = await startDemoProxy(credentials);
    secretsOf({ SPOOR_PROXY_URL: proxy.url });
    const jobId = await crawled(sites.http.start, { url: { env: 'SPOOR_PROXY_URL' }, tolerance: 5 });
    await until(() => sites.http.served > 50, { timeoutMs: 30_000, what: '50 pages' });
    await proxy.fault('502');
    await statusIs(jobId, 'error', 8000);
    const events = await eventsOf(jobId);
    expect(decisionsOf(events)).toEqual(['JobStarted', 'ProxyFailed']);
    expect(retriesOf(events).length).toBeGreaterThan(5);
    expect(
      retriesOf(events).every(({ data }) => data.burned === false && data.code === 'proxy_bad_gateway'),
    ).toBe(true);
    await proxy.fault(null);
    expect(await control(jobId, 'resume')).toMatchObject({ status: 200 });
    await statusIs(jobId, 'done', 40_000);
    expect(sites.http.served).toBe(PAGES);
    await proxy.close();
  });

  test('is passed over for the next of its pool while the job tolerates it', async () => {
    const [bad, good] = [await startDemoProxy(credentials), await startDemoProxy(credentials)];
    secretsOf({ BAD: bad.url, GOOD: good.url });
    await bad.fault('refuse');
    const pool = [{ env: 'BAD' }, { env: 'GOOD' }];
    const jobId = await crawled(sites.http.start, { pool, tolerance: 1000 });
    await statusIs(jobId, 'done', 40_000);
    const events = await eventsOf(jobId);
    expect(retriesOf(events).length).toBeGreaterThan(0);
    expect(retriesOf(events).every(({ data }) => data.burned === false)).toBe(true);
    expect(sites.http.served).toBe(PAGES);
    expect([...sites.http.from.keys()]).toEqual([FROM_PROXY]);
    await bad.close();
    await good.close();
  });

  test('a one-shot crawl prints what failed and how to go on, and exits 3; the password is nowhere', async () => {
    const proxy = await startDemoProxy(credentials);
    const own = new Home({ SPOOR_ALLOW_PRIVATE: '*', SPOOR_PROXY_URL: proxy.url });
    const site = sites.http;
    try {
      writeFileSync(
        own.path('job.json'),
        JSON.stringify(spec(site.start, { url: { env: 'SPOOR_PROXY_URL' } })),
      );
      const crawl = own.spoor(['crawl', '--job', 'job.json', '--output', 'json']);
      await until(() => site.served > 60, { timeoutMs: 60_000, what: '60 pages' });
      const pid = crawl.process.pid!;
      const args = treeOf(pid).map((one) => readFileSync(`/proc/${one}/cmdline`, 'utf8'));
      await proxy.fault('traffic-limit');
      const { code, stdout, stderr } = await crawl.finished;
      expect(code).toBe(3);
      const { jobId } = JSON.parse(stdout) as { jobId: string };
      expect(await resume(own, jobId)).toMatchObject({ code: 3 });
      await proxy.fault(null);
      proxy.credentials('user', 'mended-password');
      expect(await resume(own, jobId)).toMatchObject({ code: 3 });
      writeFileSync(own.path('.env.local'), `SPOOR_PROXY_URL=${proxy.url}\n`);
      const done = await resume(own, jobId);
      expect(done.code).toBe(0);
      expect(readLines(own.path(`results/${jobId}.jsonl`))).toHaveLength(PAGES);
      expect([...site.from.keys()]).toEqual([FROM_PROXY]);
      const written = filesUnder(own.dir).filter((file) => !file.endsWith('.env.local'));
      const seen = [
        stdout,
        stderr,
        done.stdout,
        done.stderr,
        ...args,
        ...written.map((file) => readFileSync(file, 'latin1')),
      ];
      const token = Buffer.from(`user:${PASSWORD}`).toString('base64');
      for (const secret of [PASSWORD, token, 'mended-password'])
        expect(seen.filter((text) => text.includes(secret))).toEqual([]);
    } finally {
      await own.end();
      await proxy.close();
    }
  });
});

const resume = (home: Home, jobId: string): Promise<Finished> =>
  home.run(['crawl', '--resume', jobId, '--output', 'json']);

const filesUnder = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
