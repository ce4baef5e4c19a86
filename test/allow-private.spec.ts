import { freePort, until } from '#libs/testing';
import { Home } from './support/spoor.js';
import { Site } from './support/site.js';

const PAGES = 5;

describe('permission to reach private addresses', () => {
  let home: Home;
  let site: Site;
  let api: string;

  beforeAll(async () => {
    site = await new Site({ pages: PAGES }).listen();
    const port = await freePort();
    api = `http://127.0.0.1:${port}`;
    home = new Home({ SPOOR_PORT: String(port) });
    home.spoor(['up']);
    const ready = (): Promise<boolean> =>
      fetch(`${api}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    await until(ready, { timeoutMs: 60_000, what: 'the engine to be ready' });
  }, 90_000);
  afterAll(async () => {
    await home.end();
    await site.close();
  });

  const post = async (path: string, body: object): Promise<{ status: number; answer: { jobId: string } }> => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(api + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, answer: (await response.json()) as { jobId: string } };
  };
  const counts = async (jobId: string): Promise<{ status: string; fetched: number; failed: number }> => {
    const job = (await (await fetch(`${api}/api/jobs/${jobId}`)).json()) as {
      status: string;
      counts: { fetched: number; failed: number } | null;
    };
    return { status: job.status, fetched: job.counts?.fetched ?? 0, failed: job.counts?.failed ?? 0 };
  };
  const doneWith = (jobId: string, fetched: number, failed: number): Promise<unknown> =>
    until(
      async () => {
        const now = await counts(jobId);
        return now.status === 'done' && now.fetched === fetched && now.failed === failed;
      },
      { timeoutMs: 30_000, what: `job ${jobId} to be done with ${fetched} fetched and ${failed} failed` },
    );
  const requests = (): number => [...site.hits.values()].reduce((sum, n) => sum + n, 0);
  const FAST = ['--delay', '0', '--output', 'json'];

  test('is for the job that a person at this machine gives it to, and for no other of the same engine', async () => {
    const allowed = await home.run(['crawl', site.start, ...FAST, '--allow-private']);
    const { jobId, pages } = JSON.parse(allowed.stdout) as { jobId: string; pages: { fetched: number } };
    expect(pages.fetched).toBe(PAGES);
    const served = requests();

    const { answer } = await post('/api/jobs', { start: [site.start] });
    await doneWith(answer.jobId, 0, 1);
    const refused = await home.run(['crawl', site.start, ...FAST]);
    expect(JSON.parse(refused.stdout)).toMatchObject({ pages: { fetched: 0, failed: 1 } });
    expect(requests()).toBe(served);

    // It stays with its job, whoever lets it run again.
    expect((await post('/api/monitoring/control', { jobId, action: 'restart' })).status).toBe(200);
    await doneWith(jobId, PAGES, 0);
    expect(requests()).toBe(served + PAGES);
  });

  test('can be given later, to the job that was refused', async () => {
    const { answer } = await post('/api/jobs', { start: [site.start] });
    await doneWith(answer.jobId, 0, 1);
    expect((await home.run(['job', 'retry', answer.jobId, '--outcome', 'failed'])).code).toBe(0);
    await doneWith(answer.jobId, 0, 1);
    await home.run(['crawl', '--resume', answer.jobId, '--allow-private', '--output', 'json']);
    expect((await home.run(['job', 'retry', answer.jobId, '--outcome', 'failed'])).code).toBe(0);
    await doneWith(answer.jobId, PAGES, 0);
  });

  test('cannot be asked for in a spec', async () => {
    for (const over of [
      { allowPrivate: true },
      { scope: { allowPrivate: ['*'] } },
      { egress: { allowPrivate: ['*'] } },
    ])
      expect((await post('/api/jobs', { start: [site.start], ...over })).status).toBe(400);
  });
});
