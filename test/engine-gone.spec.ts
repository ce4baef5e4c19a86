import { freePort, until } from '#libs/testing';
import { Home, readLines } from './support/spoor.js';
import { Site } from './support/site.js';

const PAGES = 400;

describe('spoor crawl beside spoor up', () => {
  test('the engine is killed in mid-crawl, its launcher too: the crawl goes on by itself and ends done', async () => {
    const site = await new Site({ pages: PAGES, delayMs: 20 }).listen();
    const port = await freePort();
    const home = new Home({ SPOOR_PORT: String(port), SPOOR_ALLOW_PRIVATE: site.host });
    try {
      const up = home.spoor(['up']);
      const ready = (): Promise<boolean> =>
        fetch(`http://127.0.0.1:${port}/health/ready`).then(
          ({ ok }) => ok,
          () => false,
        );
      await until(ready, { timeoutMs: 60_000, what: 'the engine to be ready' });
      const options = ['--concurrency', '16', '--per-host', '16', '--delay', '0', '--output', 'json'];
      const crawl = home.spoor(['crawl', site.start, ...options]);
      await until(() => site.served > PAGES / 4, { timeoutMs: 60_000, what: 'a quarter of the pages' });
      up.kill('SIGKILL');
      const { code, stdout, stderr } = await crawl.finished;
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      expect(stderr).toContain('this command goes on by itself');
      const { out, run } = JSON.parse(stdout) as { out: string; run: number };
      expect(run).toBe(1);
      expect(new Set(readLines(out).map(({ url }) => url)).size).toBe(PAGES);
      expect(site.repeated.length).toBeLessThanOrEqual(16);
    } finally {
      await home.end();
      await site.close();
    }
  }, 120_000);
});
