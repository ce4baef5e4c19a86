import { until } from '#libs/testing';
import { Home, isAlive, readLines } from './support/spoor.js';
import { Site } from './support/site.js';

const FAST = [
  '--concurrency',
  '32',
  '--per-host',
  '32',
  '--delay',
  '0',
  '--robots',
  'obey',
  '--output',
  'json',
];

interface Summary {
  jobId: string;
  status: string;
  run: number;
  pages: { discovered: number; fetched: number; failed: number; skipped: number };
  statusCodes: Record<string, number>;
  retries: number;
  out: string;
}
const summaryOf = (stdout: string): Summary => JSON.parse(stdout.trim()) as Summary;

describe('spoor crawl', () => {
  let home: Home;
  let site: Site;

  const begin = async (pages: number, delayMs?: number): Promise<void> => {
    site = await new Site({
      pages,
      flaky: (n) => n % 100 === 7,
      ...(delayMs === undefined ? {} : { delayMs }),
    }).listen();
    home = new Home({ SPOOR_ALLOW_PRIVATE: site.host });
  };
  afterEach(async () => {
    await home.end();
    await site.close();
  });

  const whole = (summary: Summary, pages: number): void => {
    expect(summary).toMatchObject({
      status: 'done',
      pages: { discovered: pages, fetched: pages, failed: 0, skipped: 0 },
    });
    const lines = readLines(summary.out);
    expect(lines).toHaveLength(pages);
    expect(new Set(lines.map((l) => l.url)).size).toBe(pages);
    expect(lines.every((l) => l.statusCode === 200 && l.title?.startsWith('Page '))).toBe(true);
    expect(site.served).toBe(pages);
  };

  test('2,000 pages with 40 links each: every page once, 500s retried, done by itself, nothing left running', async () => {
    await begin(2000, 0);
    const { code, stdout, stderr } = await home.run(['crawl', site.start, ...FAST]);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const summary = summaryOf(stdout);
    whole(summary, 2000);
    expect(summary).toMatchObject({ run: 1, statusCodes: { 200: 2000 }, retries: 20 });
    expect(site.repeated.every((path) => Number(path.split('/').at(-1)) % 100 === 7)).toBe(true);
    for (const kind of ['nats', 'postgres'] as const) {
      const pid = home.serverPid(kind);
      if (pid !== null) expect(isAlive(pid)).toBe(false);
    }
  });

  test('SIGINT ends it with 130 and nothing lost; --resume finishes it in the same run without a page fetched again', async () => {
    await begin(600);
    const first = home.spoor(['crawl', site.start, ...FAST]);
    await until(() => site.served > 150, { timeoutMs: 60_000, what: '150 pages' });
    first.kill('SIGINT');
    const ended = await first.finished;
    expect(ended.code).toBe(130);
    const interrupted = summaryOf(ended.stdout);
    const recorded = readLines(interrupted.out).map((l) => new URL(l.url).pathname);
    expect(recorded).toHaveLength(interrupted.pages.fetched);
    const hitsBefore = new Map(site.hits);

    const { code, stdout } = await home.run(['crawl', '--resume', '--output', 'json']);
    expect(code).toBe(0);
    const summary = summaryOf(stdout);
    expect(summary).toMatchObject({ jobId: interrupted.jobId, run: 1 });
    whole(summary, 600);
    expect(recorded.filter((path) => site.hits.get(path) !== hitsBefore.get(path))).toEqual([]);
  });

  test('kill -9 of everything, servers included, then --resume: same result, at most what was in flight again', async () => {
    await begin(600);
    home.spoor(['crawl', site.start, ...FAST]);
    await until(() => site.served > 250, { timeoutMs: 60_000, what: '250 pages' });
    home.killEverything();
    const { code, stdout, stderr } = await home.run(['crawl', '--resume', '--output', 'json']);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    whole(summaryOf(stdout), 600);
    const repeated = site.repeated.filter((path) => Number(path.split('/').at(-1)) % 100 !== 7);
    expect(repeated.length).toBeLessThanOrEqual(32);
  });

  test('an address that is not public is refused, and it is said how to reach one of your own', async () => {
    await begin(1);
    const { stdout, stderr } = await home.run(['crawl', site.start], { SPOOR_ALLOW_PRIVATE: '' });
    const told = stdout + stderr;
    for (const way of ['--allow-private', 'SPOOR_ALLOW_PRIVATE=host:port']) expect(told).toContain(way);
    const jobId = /job (\d+-\w+)/.exec(told)![1]!;
    const why = await home.run(['page', 'why', jobId, site.start]);
    expect(why.stdout).toMatch(
      /The address is not public \(.*--allow-private.*SPOOR_ALLOW_PRIVATE=host:port/,
    );
    expect(site.served).toBe(0);
  });

  test.each([
    ['no URL at all', ['crawl', 'nonsense'], 'start[0]', 2],
    ['another protocol', ['crawl', 'ftp://127.0.0.1/'], 'start[0]', 2],
    ['no number', ['crawl', 'http://127.0.0.1/', '--max-pages', 'x'], '--max-pages', 2],
    ['a job file that is not there', ['crawl', '--job', 'missing.json'], 'missing.json', 2],
    [
      'an output that cannot be written',
      ['crawl', 'http://127.0.0.1/', '--out', '/proc/x/out'],
      '/proc/x/out',
      2,
    ],
    ['nothing to resume', ['crawl', '--resume'], 'unfinished', 2],
    ['an unknown job', ['crawl', '--resume', '0-unknown00'], '0-unknown00', 2],
  ])('%s: one clear line and its exit code', async (_, args, named, exit) => {
    await begin(1);
    const { code, stdout, stderr } = await home.run(args);
    expect({ code, stdout }).toEqual({ code: exit, stdout: '' });
    expect(stderr).toContain(named);
    expect(stderr).not.toMatch(/\bat .*\.(ts|js):\d+/);
  });

  test.each([
    ['NATS that is not there', { NATS_URL: 'nats://127.0.0.1:1' }],
    ['Postgres that is not there', { DATABASE_URL: 'postgres://u:canary-password@127.0.0.1:1/db' }],
  ])('%s: exit code 4 and one clear line without the password', async (_, env) => {
    await begin(1);
    const { code, stderr } = await home.run(['crawl', site.start], env);
    expect(code).toBe(4);
    expect(stderr).toMatch(/^error: /m);
    expect(stderr).not.toMatch(/canary-password|\bat .*\.(ts|js):\d+/);
  });
});
