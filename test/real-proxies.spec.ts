import { writeFileSync } from 'node:fs';
import { freePort, until } from '#libs/testing';
import { missing, RealProxy, type ProductName } from './support/real-proxy.js';
import { Site } from './support/site.js';
import { Home, type Finished } from './support/spoor.js';

const PAGES = 150;
/** Pages after which a proxy is killed: enough are committed by then, and enough are left. */
const MIDDLE = 50;
const FROM_PROXY = '127.0.0.2';
const USER = 'user';
const PASSWORD = 'canary-password';
const WRONG = 'another-password';
const PRODUCTS: ProductName[] = ['squid', 'tinyproxy'];

interface LogEvent {
  type: string;
  data: { url?: string; code?: string; run?: number };
}

const typesOf = (events: LogEvent[]): string[] => events.map(({ type }) => type);
const fetchedOf = (events: LogEvent[]): string[] =>
  events.flatMap(({ type, data }) => (type === 'PageFetched' ? [new URL(data.url!).pathname] : []));
/** What was decided; pages that were on their way may still come in after it. */
const decisionsOf = (events: LogEvent[]): string[] =>
  typesOf(events).filter((type) => type.startsWith('Job') || type === 'ProxyFailed');

describe('proxies as they are installed', () => {
  let home: Home;
  let base: string;
  let site: Site;

  const eventsOf = async (jobId: string): Promise<LogEvent[]> => {
    const response = await fetch(`${base}/api/jobs/${jobId}/events?format=ndjson`);
    const lines = (await response.text()).split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as LogEvent);
  };
  const status = async (jobId: string): Promise<string> => {
    const response = await fetch(`${base}/api/jobs/${jobId}`);
    return ((await response.json()) as { status: string }).status;
  };
  const statusIs = (jobId: string, wanted: string, timeoutMs: number): Promise<unknown> =>
    until(async () => (await status(jobId)) === wanted, { timeoutMs, what: `status ${wanted}` });
  const proxyIs = (url: string): void => writeFileSync(home.path('.env.local'), `SPOOR_PROXY_URL="${url}"\n`);
  const crawl = async (): Promise<string> => {
    const spec = {
      start: [site.start],
      proxy: { url: { env: 'SPOOR_PROXY_URL' } },
      politeness: { concurrency: 16, perHost: 16, delayMs: 0, robots: 'obey' },
    };
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${base}/api/jobs`, { method: 'POST', headers, body: JSON.stringify(spec) });
    expect(response.status).toBe(201);
    return ((await response.json()) as { jobId: string }).jobId;
  };
  const resume = (jobId: string): Promise<Finished> =>
    home.run(['crawl', '--resume', jobId, '--output', 'json']);

  /** Every page is there once, and nobody but the proxy was at the site. */
  async function expectWhole(jobId: string): Promise<LogEvent[]> {
    const events = await eventsOf(jobId);
    const pages = fetchedOf(events);
    expect({ pages: pages.length, unique: new Set(pages).size, served: site.served }).toEqual({
      pages: PAGES,
      unique: PAGES,
      served: PAGES,
    });
    const unwanted = ['FetchRetried', 'FetchFailed', 'PageSkipped'];
    expect(typesOf(events).filter((type) => unwanted.includes(type))).toEqual([]);
    expect([...site.from.keys()]).toEqual([FROM_PROXY]);
    return events;
  }

  beforeAll(async () => {
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    home = new Home({ SPOOR_PORT: String(port), SPOOR_ALLOW_PRIVATE: '*' });
    home.spoor(['up', '--workers', '2']);
    const ready = () =>
      fetch(`${base}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    await until(ready, { timeoutMs: 50_000, what: 'the engine to be ready' });
  });
  afterAll(() => home.end());

  for (const name of PRODUCTS) {
    const reason = missing(name);
    if (reason !== null) console.info(`skipped: the engine behind ${name}: ${reason}`);

    (reason === null ? describe : describe.skip)(name, () => {
      let proxy: RealProxy;
      beforeEach(async () => {
        site = await new Site({ pages: PAGES, delayMs: 20 }).listen();
        const targetPort = Number(site.host.split(':')[1]);
        proxy = await RealProxy.start(name, { user: USER, password: PASSWORD, targetPort, from: FROM_PROXY });
      });
      afterEach(async () => {
        await proxy.close();
        await site.close();
      });

      test('a crawl through it gets every page, and the site sees no connection that the proxy did not open', async () => {
        proxyIs(proxy.urlFor(USER, PASSWORD));
        const jobId = await crawl();
        await statusIs(jobId, 'done', 30_000);
        const events = await expectWhole(jobId);
        expect(decisionsOf(events)).toEqual(['JobStarted', 'JobCompleted']);
        const seen = (): number => site.from.get(FROM_PROXY)!;
        await until(() => proxy.opened() >= seen(), { what: 'the log to tell of every way' });
        expect(proxy.opened()).toBe(seen());
      });

      test('a wrong password ends the job before its first page; put right in the file, a resume completes it', async () => {
        proxyIs(proxy.urlFor(USER, WRONG));
        const jobId = await crawl();
        await statusIs(jobId, 'error', 10_000);
        const refused = await eventsOf(jobId);
        expect(typesOf(refused)).toEqual(['JobStarted', 'ProxyFailed']);
        expect(refused[1]!.data).toMatchObject({ run: 1, code: 'proxy_auth' });
        expect({ seen: site.from.size, opened: proxy.opened() }).toEqual({ seen: 0, opened: 0 });

        proxyIs(proxy.urlFor(USER, PASSWORD));
        expect(await resume(jobId)).toMatchObject({ code: 0 });
        expect(await status(jobId)).toBe('done');
        const events = await expectWhole(jobId);
        expect(decisionsOf(events)).toEqual(['JobStarted', 'ProxyFailed', 'JobResumed', 'JobCompleted']);
        for (const secret of [PASSWORD, WRONG]) expect(JSON.stringify(events)).not.toContain(secret);
      });

      test('killed in mid-crawl: the job ends, no resume while it is away, then all the rest and nothing again', async () => {
        proxyIs(proxy.urlFor(USER, PASSWORD));
        const jobId = await crawl();
        await until(() => site.served >= MIDDLE, { timeoutMs: 30_000, what: `${MIDDLE} pages` });
        await proxy.kill9();
        await statusIs(jobId, 'error', 8000);
        const failures = (await eventsOf(jobId)).filter(({ type }) => type === 'ProxyFailed');
        expect(failures).toHaveLength(1);
        expect(failures[0]!.data.code).toMatch(/^proxy_(refused|reset)$/);

        expect(await resume(jobId)).toMatchObject({ code: 3 });
        expect(await status(jobId)).toBe('error');
        const before = await eventsOf(jobId);
        expect(decisionsOf(before)).toEqual(['JobStarted', 'ProxyFailed']);
        const committed = fetchedOf(before);
        expect(committed.length).toBeGreaterThan(0);
        expect(committed.length).toBeLessThan(PAGES);

        const hits = new Map(site.hits);
        await proxy.start();
        expect(await resume(jobId)).toMatchObject({ code: 0 });
        expect(await status(jobId)).toBe('done');
        const events = await expectWhole(jobId);
        expect(decisionsOf(events)).toEqual(['JobStarted', 'ProxyFailed', 'JobResumed', 'JobCompleted']);
        expect(committed.filter((path) => site.hits.get(path) !== hits.get(path))).toEqual([]);
      });
    });
  }
});
