import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { PagedSite, startDemoProxy, type DemoProxy } from '#libs/demo-proxy';
import { createTestDatabase, startTestNats, type TestDatabase, type TestNats } from '#libs/testing';
import { OutcomeSite } from './support/outcome-site.js';
import { Home, type Finished } from './support/spoor.js';

const PAGES = 60;
const BREAK_AT = 25;
const NO_NETWORK = { NODE_OPTIONS: `--import ${resolve('test/fixtures/no-network.mjs')}` };
/** Nothing listens there: whoever asks a database for something fails. */
const NO_DATABASE = { DATABASE_URL: 'postgres://nobody:x@127.0.0.1:1/none' };

interface Parsed {
  [name: string]: never;
}
const parsed = ({ stdout }: Finished): Parsed => JSON.parse(stdout) as Parsed;

/** What a person asks about a job that did not do what it should, on one that its proxy stopped and on one with every outcome. */
describe('the history of a job', () => {
  let nats: TestNats;
  let database: TestDatabase;
  let home: Home;
  let proxy: DemoProxy;
  let paged: PagedSite;
  let outcomes: OutcomeSite;
  let stopped: string;
  let mixed: string;

  /** A crawl to its end, and the job that it was. */
  async function crawl(job: object, name: string): Promise<string> {
    writeFileSync(home.path(`${name}.json`), JSON.stringify(job));
    const { stderr } = await home.run([
      'crawl',
      '--job',
      `${name}.json`,
      '--out',
      `${name}.jsonl`,
      '--allow-private',
    ]);
    return /job (\S+) started/.exec(stderr)?.[1] ?? stderr;
  }

  beforeAll(async () => {
    [nats, database, outcomes] = await Promise.all([
      startTestNats(),
      createTestDatabase(),
      new OutcomeSite().listen(),
    ]);
    proxy = await startDemoProxy({ user: 'demo', password: 'demo' });
    paged = new PagedSite({
      pages: PAGES,
      breakAt: BREAK_AT,
      onBreak: () => void proxy.fault('407'),
      proxyAddress: null,
    });
    await paged.listen();
    home = new Home({ NATS_URL: nats.url, DATABASE_URL: database.url, SPOOR_PROXY_URL: proxy.url });
    const pace = { concurrency: 1, perHost: 1, delayMs: 0 };
    stopped = await crawl(
      {
        pages: { template: paged.template, from: 1, to: PAGES },
        proxy: { url: { env: 'SPOOR_PROXY_URL' } },
        politeness: pace,
      },
      'stopped',
    );
    const paths = ['/ok', '/missing', '/broken', '/flaky', '/moved', '/loop', '/private/page'];
    mixed = await crawl(
      {
        start: paths.map((path) => outcomes.origin + path),
        scope: { exclude: ['/logout'] },
        retry: { attempts: 2, baseMs: 10 },
        politeness: { delayMs: 0 },
      },
      'mixed',
    );
  }, 180_000);
  afterAll(async () => {
    await home.end();
    await Promise.all([proxy.close(), paged.close(), outcomes.close(), nats.stop(), database.drop()]);
  });

  const without = (...args: string[]): Promise<Finished> => home.run(args, NO_DATABASE);

  it('is explained on one screen where its proxy failed', async () => {
    const found = parsed(await without('job', 'explain', stopped, '--output', 'json'));
    expect(found).toMatchObject({
      ...{ status: 'error', lastPage: BREAK_AT - 1, nextPage: BREAK_AT },
      stoppedBy: { type: 'ProxyFailed', code: 'proxy_auth', page: BREAK_AT, statusCode: 407 },
      waiting: [{ why: 'not-running', pages: PAGES - BREAK_AT + 1 }],
      commands: [`job resume ${stopped} --dry-run`, `crawl --resume ${stopped}`, `job resume ${stopped}`],
    });
    const { stdout, code } = await without('job', 'explain', stopped);
    expect([code, stdout.split('\n').length < 25]).toEqual([0, true]);
    expect(stdout).toContain(`spoor crawl --resume ${stopped}`);
  });

  it('is explained where pages failed for reasons of their own', async () => {
    const found = parsed(await without('job', 'explain', mixed, '--output', 'json'));
    expect(found).toMatchObject({ status: 'done', pages: { failed: 1, open: 0 } });
    const codes = (found['failures'] as unknown as { code: string }[]).map(({ code }) => code);
    expect(codes.sort()).toEqual(['http_5xx', 'redirect_loop']);
  });

  it('is shown whole, in part, and backwards', async () => {
    const all = (await without('job', 'show', mixed)).stdout.split('\n').filter(Boolean);
    expect(all[0]).toContain('JobStarted');
    expect(all.at(-1)).toContain('JobCompleted');
    const backwards = (await without('job', 'show', mixed, '--reverse')).stdout.split('\n').filter(Boolean);
    expect(backwards).toEqual(all.toReversed());
    const some = await without('job', 'show', mixed, '--type', 'FetchRetried,FetchFailed');
    expect(some.stdout).toContain('/loop');
    expect(some.stdout).not.toContain('PageFetched');
    const tail = await without('events', 'tail', '--host', new URL(outcomes.origin).host, '--from', '1');
    expect(tail.stdout).not.toContain(stopped);
  });

  it('is folded at any moment and compared between two, without a database', async () => {
    const at = parsed(await without('job', 'state', stopped, '--at', '10', '--output', 'json'));
    expect(at).toMatchObject({ seq: 10, status: 'running', lastPage: 9, pages: { fetched: 9 } });
    const diff = parsed(await without('job', 'diff', stopped, '--from', '10', '--output', 'json'));
    expect(diff['changes']).toEqual(
      expect.arrayContaining([{ field: 'status', from: 'running', to: 'error' }]),
    );
  });

  it('is replayed from a file without a single connection, to the live rows', async () => {
    writeFileSync(
      home.path('history.jsonl'),
      (await without('job', 'show', mixed, '--output', 'jsonl')).stdout,
    );
    const offline = await home.run(['replay', 'history.jsonl', '--output', 'jsonl'], {
      ...NO_NETWORK,
      NATS_URL: '',
      DATABASE_URL: '',
    });
    expect([offline.code, offline.stderr]).toEqual([0, expect.not.stringContaining('TRAPPED')]);
    const rows = offline.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { table: string });
    expect(rows.filter(({ table }) => table === 'job')).toHaveLength(1);
    // The trap does trap.
    expect((await home.run(['job', 'show', mixed], NO_NETWORK)).code).toBe(97);
    expect(existsSync(home.path('home/nats'))).toBe(false);

    for (const history of ['history.jsonl', mixed, stopped]) {
      const against = await home.run(['replay', history, '--against', 'live']);
      expect([against.code, against.stdout]).toEqual([0, expect.stringContaining(' 0 of them differ')]);
    }
  });

  it('is refused as a file where it is none, with the line', async () => {
    const [first = '', second = ''] = readFileSync(home.path('history.jsonl'), 'utf8').split('\n');
    for (const [text, told] of [
      ['not json\n', 'line 1: is no JSON'],
      [`${second}\n${first}\n`, 'line 2: sequence'],
    ] as const) {
      writeFileSync(home.path('bad.jsonl'), text);
      const { code, stderr } = await home.run(['replay', 'bad.jsonl']);
      expect([code, stderr]).toEqual([2, expect.stringContaining(told)]);
    }
    expect((await home.run(['replay', 'nowhere.jsonl'])).code).toBe(2);
  });

  it('is what the live rows tell, and a row that was changed is named', async () => {
    const verified = parsed(await home.run(['projection', 'verify', '--output', 'json']));
    expect(verified).toMatchObject({ holds: true, differing: 0, rows: { job: 2 } });
    const listed = JSON.parse((await home.run(['projection', 'ls', '--output', 'json'])).stdout) as object[];
    expect(listed).toMatchObject([{ shard: 0, lag: 0, parkedEvents: 0 }]);
    expect((await home.run(['projection', 'unpark', stopped])).code).toBe(2);
  });

  it('is proven before and after the resume, to the hash', async () => {
    await proxy.fault(null);
    paged.mended();
    await home.run(['crawl', '--resume', stopped, '--out', 'stopped.jsonl', '--allow-private']);
    const { code, stdout } = await without('job', 'proof', stopped, '--output', 'json');
    const proof = JSON.parse(stdout) as { runs: { before: object; kept: object }[] };
    expect([code, proof]).toMatchObject([
      0,
      {
        ...{ holds: true, status: 'done', pages: { discovered: PAGES, fetched: PAGES, open: 0 } },
        runs: [{ run: 1 }, { run: 2, began: 'JobResumed', refetched: 0, before: { pages: BREAK_AT - 1 } }],
      },
    ]);
    expect(proof.runs[1]!.kept).toEqual(proof.runs[1]!.before);
    expect(paged.answered.length).toBe(PAGES);
  });

  it('is forked, the fork is stopped, archived and removed, and the first job stays what it was', async () => {
    const before = (await without('job', 'proof', stopped)).stdout;
    const forking = await home.run([
      'job',
      'fork',
      stopped,
      '--at',
      '20',
      '--reason',
      'x',
      '--output',
      'json',
    ]);
    const { jobId: fork } = JSON.parse(forking.stdout) as { jobId: string };
    expect([forking.code, parsed(forking)]).toMatchObject([
      0,
      { status: 'running', parent: { jobId: stopped, seq: 20 }, position: { counts: { fetched: 19 } } },
    ]);
    expect((await home.run(['job', 'rm', fork, '--yes'])).code).toBe(3);
    expect((await home.run(['job', 'stop', fork])).code).toBe(0);

    const archived = parsed(await without('job', 'warc', fork, '--out', 'fork.warc.gz', '--output', 'json'));
    expect(archived).toMatchObject({ responses: 19, withoutBody: { pages: 0 } });
    const warc = gunzipSync(readFileSync(home.path('fork.warc.gz'))).toString('latin1');
    expect(warc.match(/^WARC-Type: response\r$/gm)).toHaveLength(19);

    expect((await home.run(['job', 'rm', fork])).code).toBe(2);
    const removed = await home.run(['job', 'rm', fork, '--yes', '--output', 'json']);
    expect([removed.code, parsed(removed)]).toMatchObject([0, { status: 'removed' }]);
    const left = (await without('job', 'show', fork)).stdout.split('\n').filter(Boolean);
    expect(left).toEqual([expect.stringContaining('JobRemoved')]);
    expect(existsSync(home.path(`home/bodies/${fork}`))).toBe(false);
    expect((await without('job', 'warc', fork, '--out', 'gone.warc.gz')).code).toBe(3);
    expect(existsSync(home.path('gone.warc.gz'))).toBe(false);
    expect((await without('job', 'proof', stopped)).stdout).toBe(before);
    expect(parsed(await without('job', 'warc', stopped, '--output', 'json'))).toMatchObject({
      responses: PAGES,
      withoutBody: { pages: 0 },
    });
  });
});
