import { freePort, until } from '#libs/testing';
import { Home } from './support/spoor.js';
import { Site } from './support/site.js';

const PAGES = 300;
const SLOTS = 8;

describe('workers of a pool that come and go in mid-job', () => {
  test('are killed, told to stop and added: no page is lost, none is recorded twice', async () => {
    const site = await new Site({ pages: PAGES, delayMs: 40 }).listen();
    const port = await freePort();
    const home = new Home({
      ...{ SPOOR_PORT: String(port), SPOOR_ALLOW_PRIVATE: site.host, SPOOR_SHARDS: '4' },
      ...{ SPOOR_WORKER_POOLS: 'shop', SPOOR_WORKER_SLOTS: String(SLOTS * 4) },
    });
    const api = `http://127.0.0.1:${port}`;
    const asked = (share: number): Promise<unknown> =>
      until(() => site.served >= PAGES * share, { timeoutMs: 90_000, what: `${share * 100} % of the pages` });
    try {
      home.spoor(['run', 'api']);
      const isUp = (): Promise<boolean> => fetch(api).then(Boolean, () => false);
      await until(isUp, { timeoutMs: 60_000, what: 'the API' });
      home.spoor(['run', 'coordinator']);
      const first = home.spoor(['run', 'worker']);
      const second = home.spoor(['run', 'worker']);
      const spec = {
        start: [site.start],
        stages: [{ name: 'page', pool: 'shop', follow: [{ stage: 'page' }] }],
        politeness: { concurrency: 16, perHost: 16, delayMs: 0 },
      };
      const started = await fetch(`${api}/api/jobs`, {
        ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
        body: JSON.stringify(spec),
      });
      const { jobId } = (await started.json()) as { jobId: string };
      await asked(0.2);
      first.kill('SIGKILL');
      home.spoor(['run', 'worker']);
      await asked(0.5);
      second.kill('SIGTERM');
      home.spoor(['run', 'worker']);
      const isDone = async (): Promise<boolean> => {
        const { stdout } = await home.run(['job', 'status', jobId, '--output', 'json']);
        return /"status":\s*"done"/.test(stdout);
      };
      await until(isDone, { timeoutMs: 120_000, what: 'the job to be done' });
      const { code, stdout } = await home.run(['job', 'proof', jobId, '--output', 'json']);
      expect({ code, stdout: code === 0 ? '' : stdout }).toEqual({ code: 0, stdout: '' });
      expect(stdout).toMatch(new RegExp(`"fetched":\\s*${PAGES}\\b`));
      expect([...site.hits.keys()].filter((path) => path.startsWith('/p/'))).toHaveLength(PAGES);
      // What was in flight at the kill, at most.
      expect(site.repeated.length).toBeLessThanOrEqual(16);
    } finally {
      await home.end();
      await site.close();
    }
  }, 240_000);
});
