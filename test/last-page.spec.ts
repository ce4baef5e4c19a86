import { writeFileSync } from 'node:fs';
import { freePort, until } from '#libs/testing';
import { Home, readLines } from './support/spoor.js';
import { Site } from './support/site.js';

const PAGES = 300;

interface Status {
  status: string;
  lastPage: number;
  nextPage: number | null;
}
interface PageEvent {
  type: string;
  data: { url?: string };
}

/** The page up to which the log holds an outcome of every one: counted here by hand, from what it holds. */
function committed(events: PageEvent[], urlOf: (page: number) => string): number {
  const fetched = new Set(events.filter(({ type }) => type === 'PageFetched').map(({ data }) => data.url));
  let page = 0;
  while (fetched.has(urlOf(page + 1))) page++;
  return page;
}

describe('lastPage of a paginated job', () => {
  let home: Home;
  let site: Site;
  let base: string;

  beforeEach(async () => {
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    home = new Home({ SPOOR_PORT: String(port), SPOOR_ALLOW_PRIVATE: '127.0.0.1' });
    site = await new Site({ pages: PAGES + 1, delayMs: 10 }).listen();
  });
  afterEach(async () => {
    await home.end();
    await site.close();
  });

  const events = async (jobId: string): Promise<PageEvent[]> => {
    const response = await fetch(`${base}/api/jobs/${jobId}/events?format=ndjson`);
    if (!response.ok) throw new Error(`events: ${response.status}`);
    const lines = (await response.text()).split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as PageEvent);
  };

  test.each([1, 2])(
    'kill -9 of everything at a random moment (%s): it is what the log holds, and resume begins behind it',
    async () => {
      const urlOf = (page: number): string => `http://${site.host}/p/${page}`;
      const job = home.path('job.json');
      writeFileSync(
        job,
        JSON.stringify({
          pages: { template: `http://${site.host}/p/{page}`, from: 1, to: PAGES },
          stages: [{ name: 'list' }],
          politeness: { concurrency: 16, perHost: 16, delayMs: 0, robots: 'ignore' },
        }),
      );
      const moment = 20 + Math.floor(Math.random() * (PAGES - 60));
      const crawl = home.spoor(['crawl', '--job', job, '--allow-private']);
      await until(() => site.served >= moment, { timeoutMs: 60_000, what: `${moment} pages` });
      home.killEverything();
      await crawl.finished;
      const jobId = /job (\S+) started/.exec(crawl.stderr)?.[1] ?? '';
      const before = new Map(site.hits);

      // Only the api: nobody goes on with the job while it is looked at.
      const api = home.spoor(['run', 'api']);
      const ready = (): Promise<boolean> =>
        fetch(`${base}/health/ready`).then(
          ({ ok }) => ok,
          () => false,
        );
      await until(ready, { timeoutMs: 60_000, what: 'the api to be ready' });
      const last = committed(await events(jobId), urlOf);
      const nextPage = last + 1;
      const told = (await (await fetch(`${base}/api/segment/status?jobId=${jobId}`)).json()) as Status;
      expect({ moment, ...told }).toMatchObject({ moment, status: 'running', lastPage: last, nextPage });
      const status = await home.run(['job', 'status', jobId, '--output', 'json']);
      expect(JSON.parse(status.stdout)).toMatchObject({ status: 'running', lastPage: last, nextPage });
      api.kill('SIGTERM');
      await api.finished;

      const out = home.path('out.jsonl');
      const resumed = await home.run(['crawl', '--resume', jobId, '--out', out, '--allow-private']);
      expect({ code: resumed.code, stderr: resumed.stderr }).toMatchObject({ code: 0 });
      expect(new Set(readLines(out).map(({ url }) => url)).size).toBe(PAGES);
      for (let page = 1; page <= last; page++)
        expect([page, site.hits.get(`/p/${page}`)]).toEqual([page, before.get(`/p/${page}`)]);
      expect(site.repeated.length).toBeLessThanOrEqual(16);
    },
    180_000,
  );
});
