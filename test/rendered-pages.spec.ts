import { readFileSync } from 'node:fs';
import { findChromium } from '#libs/adapters/browser';
import { cacheDir } from '#libs/adapters/servers';
import { describeError } from '#libs/engine';
import { runDir, until } from '#libs/testing';
import { startScriptedSite, type ScriptedSite } from './support/scripted-site.js';
import { Home, isAlive, kill, readLines, treeOf, type Spoor } from './support/spoor.js';

const PAGES = 12;
const found =
  process.platform === 'linux'
    ? await findChromium({
        ...{ chosen: process.env.SPOOR_CHROMIUM || null, path: process.env.PATH ?? '' },
        ...{ caches: [cacheDir(runDir())], forOthers: process.getuid?.() === 0 },
      }).catch((error: unknown) => describeError(error))
    : 'processes are told apart as Linux does';
if (typeof found === 'string') console.info(`skipped: rendered pages: ${found}`);

interface Event {
  type: string;
  data: { url: string; render?: { mode: string; reason: string; screenshot?: { sha256: string } } };
}

(typeof found === 'string' ? describe.skip : describe)('pages that a browser renders', () => {
  let home: Home;
  let site: ScriptedSite;
  beforeAll(async () => {
    home = new Home();
    site = await startScriptedSite(PAGES);
  });
  afterAll(async () => {
    await home.end();
    await site.close();
  });

  /** Processes below ours whose command line holds these words. */
  const processes = (of: Spoor, words: string): number[] =>
    treeOf(of.process.pid!).filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').includes(words);
      } catch {
        return false;
      }
    });
  const killed = async (of: Spoor, words: string): Promise<void> => {
    const [pid] = await until(
      () => {
        const pids = processes(of, words);
        return pids.length > 0 ? pids : null;
      },
      { what: `a process ${words}` },
    );
    kill(pid!);
  };

  it('given worker, browser service and browser killed on the way, then each page is there once, rendered', async () => {
    const crawl = home.spoor([
      ...['crawl', site.start, '--render', 'auto', '--screenshot', '--allow-private', '--delay', '0'],
      ...['--out', home.path('out.jsonl'), '--output', 'json'],
    ]);
    const more = async (): Promise<void> => {
      const before = site.asked();
      await until(() => site.asked() > before + 1, { timeoutMs: 60_000, what: 'more pages' });
    };
    await more();
    await killed(crawl, '--remote-debugging-pipe');
    await more();
    await killed(crawl, 'main.js run hive');
    await more();
    await killed(crawl, 'main.js run worker');
    const browsers = processes(crawl, '--remote-debugging-pipe');
    const { code, stdout, stderr } = await crawl.finished;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const { jobId, pages } = JSON.parse(stdout) as { jobId: string; pages: { fetched: number } };
    expect(pages.fetched).toBe(site.paths.length);

    const lines = readLines(home.path('out.jsonl'));
    const titles = new Map(lines.map(({ url, title }) => [new URL(url).pathname, title]));
    expect(lines).toHaveLength(site.paths.length);
    for (const path of site.paths)
      expect([path, titles.get(path)]).toEqual([
        path,
        path === '/static' ? 'Static' : `Ware ${path.slice(1)}`,
      ]);

    const shown = await home.run(['job', 'show', jobId, '--output', 'jsonl']);
    const events = shown.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Event)
      .filter(({ type }) => type === 'PageFetched');
    expect(events).toHaveLength(site.paths.length);
    for (const { data } of events)
      expect([data.url, data.render]).toEqual([
        data.url,
        data.url.endsWith('/static')
          ? { mode: 'http', reason: 'readable' }
          : expect.objectContaining({
              ...{ mode: 'browser', reason: 'short_text' },
              screenshot: expect.objectContaining({ contentType: 'image/png' }),
            }),
      ]);
    await until(() => !browsers.some(isAlive), { what: 'the end of every browser' });
  }, 150_000);
});
