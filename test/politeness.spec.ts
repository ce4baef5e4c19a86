import { createTestDatabase, startTestNats, until } from '#libs/testing';
import type { TestDatabase, TestNats } from '#libs/testing';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { newId, systemClock } from '#libs/adapters/system';
import { JobService } from '#libs/engine';
import { LoggingSite, type LoggingSiteOptions } from './support/logging-site.js';
import { Home } from './support/spoor.js';

/**
 * What the site's clock may show less than was asked for. The coordinator counts from when a request began at the latest (its end,
 * less what the worker says that it took), so its own lateness only adds. What is left is the way from the worker's clock to this
 * log, which is longer for a new connection and on a busy machine: a few ms, here with room for a process that waits for a core.
 */
const JITTER_MS = 40;
/** Rounding of timers, and of what a worker says. */
const ROUNDING_MS = 2;

describe('two worker processes under one coordinator, seen from the site', () => {
  let home: Home;
  let nats: TestNats;
  let database: TestDatabase;
  let log: JetStreamHandle;
  let jobs: JobService;
  const sites: LoggingSite[] = [];

  beforeAll(async () => {
    [nats, database] = await Promise.all([startTestNats(), createTestDatabase()]);
    home = new Home({
      NATS_URL: nats.url,
      DATABASE_URL: database.url,
      SPOOR_ALLOW_PRIVATE: '127.0.0.1',
      SPOOR_LOG_LEVEL: 'info',
    });
    const parts = ['coordinator', 'projector', 'worker', 'worker'].map((part) => home.spoor(['run', part]));
    log = await connectLog({ url: nats.url, shards: 1, name: 'test' });
    jobs = new JobService({ eventLog: log.eventLog, clock: systemClock, newId, shards: 1 });
    const ready = (): boolean => parts.every(({ stderr }) => stderr.includes('ready'));
    await until(ready, { timeoutMs: 120_000, what: 'all parts to be ready' });
  }, 150_000);
  afterAll(async () => {
    await log.close();
    await home.end();
    await Promise.all(sites.map((site) => site.close()));
    await nats.stop();
    await database.drop();
  });

  const crawl = async (options: LoggingSiteOptions, politeness: object, retry = {}): Promise<LoggingSite> => {
    const site = await new LoggingSite(options).listen();
    sites.push(site);
    const { jobId } = await jobs.start({
      start: [`${site.origin}/`],
      politeness: { concurrency: 32, robots: 'obey', ...politeness },
      retry,
    });
    const done = async (): Promise<boolean> => (await jobs.state(jobId))?.status === 'done';
    await until(done, { timeoutMs: 60_000, what: 'the job to be done' });
    expect(new Set(site.visits.map(({ path }) => path)).size).toBe(options.pages + 1);
    return site;
  };

  test('perHost is reached and never exceeded', async () => {
    const site = await crawl({ pages: 60, answerMs: 100 }, { perHost: 5, delayMs: 0 });
    expect(site.mostAtOnce).toBe(5);
    expect(site.visits).toHaveLength(61);
    // Both workers had a hand in it: each reads robots.txt for itself.
    expect(site.robotsAsked).toBe(2);
  });

  test('delayMs holds between the beginnings of requests, also where a worker must read robots.txt first', async () => {
    const site = await crawl({ pages: 24, answerMs: 10, robotsMs: 350 }, { perHost: 1, delayMs: 200 });
    expect(site.mostAtOnce).toBe(1);
    expect(Math.min(...site.gaps)).toBeGreaterThanOrEqual(200 - JITTER_MS);
  });

  test('with several requests at once the delay holds on the whole', async () => {
    const site = await crawl({ pages: 30, answerMs: 500 }, { perHost: 4, delayMs: 100 });
    const { visits, gaps } = site;
    // One by one they may come closer: two requests under way to two workers are late by different amounts.
    expect(site.mostAtOnce).toBeLessThanOrEqual(4);
    expect(site.mostAtOnce).toBeGreaterThan(1);
    const took = visits.at(-1)!.began - visits[0]!.began;
    expect(took).toBeGreaterThanOrEqual(100 * gaps.length - JITTER_MS);
  });

  test('two jobs on one host keep together what each would keep alone, and take turns', async () => {
    const site = await new LoggingSite({ pages: 24, answerMs: 30 }).listen();
    sites.push(site);
    const start = [`${site.origin}/`];
    const politeness = { concurrency: 32, robots: 'obey' as const };
    const polite = { ...politeness, perHost: 1, delayMs: 100 };
    const hasty = { ...politeness, perHost: 1, delayMs: 0 };
    const ids = [
      (await jobs.start({ start, politeness: polite })).jobId,
      (await jobs.start({ start, politeness: hasty, scope: { maxPages: 15 } })).jobId,
    ];
    const areDone = async (): Promise<boolean> =>
      (await Promise.all(ids.map((id) => jobs.state(id)))).every((state) => state?.status === 'done');
    await until(areDone, { timeoutMs: 60_000, what: 'both jobs to be done' });
    expect(site.visits).toHaveLength(25 + 15);
    expect(site.mostAtOnce).toBe(1);
    // The polite job has more pages, so it is the last to be done: until then its delay holds for both.
    expect(Math.min(...site.gaps)).toBeGreaterThanOrEqual(100 - JITTER_MS);
  });

  test('a crawl-delay holds between the end of a request and the next, one at a time', async () => {
    const robots = 'User-agent: *\nCrawl-delay: 0.4\n';
    const site = await crawl({ pages: 8, answerMs: 100, robots }, { perHost: 8, delayMs: 0 });
    expect(site.mostAtOnce).toBe(1);
    expect(Math.min(...site.rests)).toBeGreaterThanOrEqual(400 - ROUNDING_MS);
  });

  test('after a 429 without Retry-After the whole site is left alone for the wait of that page', async () => {
    const site = await crawl(
      { pages: 20, answerMs: 20, limited: '/p/5' },
      { perHost: 1, delayMs: 0 },
      { baseMs: 1000 },
    );
    const at = site.visits.findIndex(({ path }) => path === '/p/5');
    expect(site.visits[at + 1]!.began - site.visits[at]!.ended).toBeGreaterThanOrEqual(750 - ROUNDING_MS);
    expect(site.visits.filter(({ path }) => path === '/p/5')).toHaveLength(2);
  });
});
