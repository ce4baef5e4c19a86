import { readFileSync } from 'node:fs';
import { until } from '#libs/testing';
import { Home, readLines } from './support/spoor.js';
import { Site } from './support/site.js';

const PAGES = 400;

interface Report {
  findings: { code: string; severity: string }[];
}
interface Manifest {
  streams: { state: { messages: number } }[];
  bodies: { files: number } | null;
}

describe('spoor log backup and restore', () => {
  let home: Home;
  let site: Site;

  beforeAll(async () => {
    home = new Home({ SPOOR_ALLOW_PRIVATE: '127.0.0.1' });
    site = await new Site({ pages: PAGES, delayMs: 20 }).listen();
  });
  afterAll(async () => {
    await home.end();
    await site.close();
  });

  const findings = async (): Promise<string[]> => {
    const { stdout } = await home.run(['log', 'verify', '--output', 'json']);
    return (JSON.parse(stdout) as Report).findings.map(({ code }) => code);
  };
  const ok = async (args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await home.run(args);
    expect([code, stderr]).toEqual([0, expect.anything()]);
    return stdout;
  };
  const manifest = (folder: string): Manifest =>
    JSON.parse(readFileSync(home.path(`${folder}/manifest.json`), 'utf8')) as Manifest;

  it('goes on from an older backup and loses no page', async () => {
    const out = home.path('pages.jsonl');
    const pace = ['--per-host', '4', '--delay', '0', '--out', out];
    const crawl = home.spoor(['crawl', site.start, '--allow-private', ...pace]);
    await until(() => site.served > PAGES / 4, { timeoutMs: 60_000, what: 'a part of the crawl' });
    crawl.kill('SIGINT');
    const { code, stderr } = await crawl.finished;
    expect(code).toBe(130);
    const jobId = /--resume (\S+)/.exec(stderr)![1]!;
    await ok(['log', 'backup', home.path('backup'), '--bodies']);
    const saved = manifest('backup').streams[0]!.state.messages;
    expect(saved).toBeGreaterThan(PAGES / 4);
    expect(saved).toBeLessThan(PAGES);

    // What happens from here on will be forgotten; a backup of it can be taken while it happens.
    const more = home.spoor(['crawl', '--resume', jobId, '--out', out]);
    await ok(['log', 'backup', home.path('while-it-runs')]);
    expect((await more.finished).code).toBe(0);
    expect(manifest('while-it-runs')).toMatchObject({ bodies: null });

    const refused = await home.run(['log', 'restore', home.path('backup')]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('The log is not empty') });
    await ok(['log', 'restore', home.path('backup'), '--replace']);
    expect(await findings()).toEqual(['log_replaced']);

    // The job goes on where the backup left it; the read models are made anew by themselves.
    const again = await home.run(['crawl', '--resume', jobId, '--out', out]);
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('the read models are rebuilt')]);
    const lines = readLines(out).map(({ url }) => new URL(url).pathname);
    expect(lines.sort()).toEqual([...site.hits.keys()].sort());
    expect(lines).toHaveLength(PAGES);
    const rows = JSON.parse(
      await ok(['page', 'ls', jobId, '--limit', '1000', '--output', 'json']),
    ) as unknown[];
    expect(rows).toHaveLength(PAGES);
    expect(await findings()).toEqual([]);
  }, 240_000);
});
