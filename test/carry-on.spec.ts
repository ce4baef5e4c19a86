import { readFileSync } from 'node:fs';
import { freePort, until } from '#libs/testing';
import { Home, isAlive, kill, treeOf } from './support/spoor.js';
import { Site } from './support/site.js';

const PAGES = 300;
const AT_ONCE = 8;

describe('spoor up', () => {
  test('goes on with a crawl that was interrupted, and with its worker killed meanwhile, in the same run', async () => {
    const site = await new Site({ pages: PAGES, delayMs: 30 }).listen();
    const port = await freePort();
    const home = new Home({ SPOOR_PORT: String(port), SPOOR_ALLOW_PRIVATE: site.host });
    try {
      const pace = ['--concurrency', String(AT_ONCE), '--per-host', String(AT_ONCE), '--delay', '0'];
      const crawl = home.spoor(['crawl', site.start, ...pace, '--output', 'json']);
      await until(() => site.served > 60, { timeoutMs: 60_000, what: '60 pages' });
      crawl.kill('SIGINT');
      const { code, stdout } = await crawl.finished;
      expect(code).toBe(130);
      const { jobId, pages } = JSON.parse(stdout) as { jobId: string; pages: { fetched: number } };
      expect(pages.fetched).toBeLessThan(PAGES);
      expect(site.repeated).toEqual([]);

      const up = home.spoor(['up']);
      await until(() => site.served > 120, { timeoutMs: 60_000, what: 'the engine to go on' });
      expect(site.repeated.length).toBeLessThanOrEqual(AT_ONCE);
      const [worker] = workersOf(up.process.pid!);
      kill(worker!);
      await until(() => workersOf(up.process.pid!).some((pid) => pid !== worker), {
        timeoutMs: 30_000,
        what: 'another worker',
      });
      const job = async (): Promise<{ status: string; run: number }> => {
        const response = await fetch(`http://127.0.0.1:${port}/api/jobs/${jobId}`);
        return (await response.json()) as { status: string; run: number };
      };
      const isDone = (): Promise<boolean> =>
        job().then(
          ({ status }) => status === 'done',
          () => false,
        );
      await until(isDone, { timeoutMs: 60_000, what: 'the job to be done' });
      expect(await job()).toMatchObject({ run: 1 });
      expect(site.served).toBe(PAGES);
      // What was in flight at the interruption, and at the kill.
      expect(site.repeated.length).toBeLessThanOrEqual(2 * AT_ONCE);

      const all = treeOf(up.process.pid!);
      up.kill('SIGTERM');
      expect(await up.finished).toMatchObject({ code: 0 });
      await until(() => !all.some(isAlive), { what: 'nothing of it to be left' });
    } finally {
      await home.end();
      await site.close();
    }
  }, 180_000);
});

const workersOf = (launcher: number): number[] =>
  treeOf(launcher).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('\0run\0worker');
    } catch {
      return false;
    }
  });
