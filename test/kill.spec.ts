import { freePort, until } from '#libs/testing';
import { Home, kill, type Spoor } from './support/spoor.js';
import { Site } from './support/site.js';

type Part = 'api' | 'coordinator' | 'projector' | 'worker';
const PARTS: Part[] = ['coordinator', 'projector', 'worker', 'api'];
const PAGES = 500;

interface JobView {
  status: string;
  run: number;
}
interface Row {
  url: string;
  statusCode: number;
}

describe('the parts as separate processes, one of them killed in mid-crawl', () => {
  let home: Home;
  let site: Site;
  let base: string;
  const parts = new Map<Part, Spoor>();

  beforeAll(async () => {
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    home = new Home({ SPOOR_PORT: String(port), SPOOR_ALLOW_PRIVATE: '127.0.0.1', SPOOR_LOG_LEVEL: 'info' });
    for (const part of PARTS) parts.set(part, home.spoor(['run', part]));
    await until(ready, { timeoutMs: 120_000, what: 'the api to be ready' });
  }, 150_000);
  afterAll(() => home.end());
  beforeEach(async () => {
    site = await new Site({ pages: PAGES, delayMs: 20 }).listen();
  });
  afterEach(() => site.close());

  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(base + path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  const ready = async (): Promise<boolean> =>
    fetch(`${base}/health/ready`).then(
      (r) => r.ok,
      () => false,
    );

  const start = async (): Promise<string> => {
    const response = await fetch(`${base}/api/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        start: [site.start],
        politeness: { concurrency: 32, perHost: 32, delayMs: 0, robots: 'obey' },
      }),
    });
    expect(response.status).toBe(201);
    return ((await response.json()) as { jobId: string }).jobId;
  };

  const rows = async (jobId: string): Promise<Row[]> => {
    const all: Row[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page = await get<{ items: Row[]; next: string | null }>(
        `/api/jobs/${jobId}/pages?limit=500${query}`,
      );
      all.push(...page.items);
      cursor = page.next;
    } while (cursor !== null);
    return all;
  };

  /** Pages that were requested although the log held their outcome already. */
  const askedAfterCommit = async (jobId: string): Promise<string[]> => {
    const response = await fetch(`${base}/api/jobs/${jobId}/events?bulk=false`, {
      headers: { accept: 'application/x-ndjson' },
    });
    const events = (await response.text())
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { type: string; storedAt: number; data: { url: string } });
    const fetched = events.filter(({ type }) => type === 'PageFetched');
    expect(fetched).toHaveLength(PAGES);
    return fetched
      .filter(({ data, storedAt }) => (site.lastAsked.get(new URL(data.url).pathname) ?? 0) > storedAt)
      .map(({ data }) => data.url);
  };

  const restart = (part: Part): void => void parts.set(part, home.spoor(['run', part]));
  const victims: [string, () => void][] = [
    ...PARTS.map((part): [string, () => void] => [
      part,
      () => {
        parts.get(part)!.kill('SIGKILL');
        restart(part);
      },
    ]),
    ['nats-server', () => kill(home.serverPid('nats')!)],
    ['Postgres', () => kill(home.serverPid('postgres')!)],
  ];

  test.each(victims)(
    'kill -9 of %s: the crawl finishes, every page once in the read model, nothing committed is fetched again',
    async (_, strike) => {
      const jobId = await start();
      await until(() => site.served > PAGES / 3, { timeoutMs: 60_000, what: 'a third of the pages' });
      strike();
      const done = async (): Promise<boolean> => {
        const job = await get<JobView>(`/api/jobs/${jobId}`).catch(() => null);
        return job?.status === 'done';
      };
      await until(done, { timeoutMs: 90_000, what: 'the job to be done' });
      const all = async (): Promise<boolean> => (await rows(jobId).catch(() => [])).length >= PAGES;
      await until(all, { timeoutMs: 60_000, what: 'all rows' });

      const found = await rows(jobId);
      expect(found).toHaveLength(PAGES);
      expect(new Set(found.map((row) => row.url)).size).toBe(PAGES);
      expect(found.every((row) => row.statusCode === 200)).toBe(true);
      expect(site.served).toBe(PAGES);
      expect(site.repeated.length).toBeLessThanOrEqual(32);
      expect(await askedAfterCommit(jobId)).toEqual([]);
      expect(await get<JobView>(`/api/jobs/${jobId}`)).toMatchObject({ run: 1 });
    },
    240_000,
  );
});
