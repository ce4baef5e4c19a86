import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createTestDatabase, startTestNats, type TestDatabase, type TestNats } from '#libs/testing';
import { OutcomeSite } from './support/outcome-site.js';
import { Home, Spoor, type Finished } from './support/spoor.js';

/** What a person takes home of a job that had every outcome. */
describe('a job as a file', () => {
  let nats: TestNats;
  let database: TestDatabase;
  let home: Home;
  let site: OutcomeSite;
  let jobId: string;

  beforeAll(async () => {
    [nats, database, site] = await Promise.all([
      startTestNats(),
      createTestDatabase(),
      new OutcomeSite().listen(),
    ]);
    home = new Home({ NATS_URL: nats.url, DATABASE_URL: database.url });
    const paths = ['/ok', '/missing', '/broken', '/moved', '/loop', '/private/page'];
    const job = {
      ...{ start: paths.map((path) => site.origin + path), scope: { exclude: ['/logout'] } },
      ...{ retry: { attempts: 2, baseMs: 10 }, politeness: { delayMs: 0 } },
    };
    writeFileSync(home.path('job.json'), JSON.stringify(job));
    const { stderr } = await home.run([
      'crawl',
      '--job',
      'job.json',
      '--out',
      'out.jsonl',
      '--allow-private',
    ]);
    jobId = /job (\S+) started/.exec(stderr)?.[1] ?? stderr;
  }, 180_000);
  afterAll(async () => {
    await home.end();
    await Promise.all([site.close(), nats.stop(), database.drop()]);
  });

  const json = ({ stdout }: Finished) => JSON.parse(stdout) as Record<string, unknown>;
  /** This project's jest on one folder of specs. */
  const jest = (folder: string): Promise<Finished> => {
    const bin = ['--experimental-vm-modules', '--no-warnings', resolve('node_modules/jest/bin/jest.js')];
    const args = [...bin, '--selectProjects', 'process', '--runInBand', '--testPathPatterns', folder];
    return new Spoor(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })).finished;
  };

  it('has a test that this project runs, and that fails when the code makes other rows of it', async () => {
    const folder = mkdtempSync(resolve('test/jobs-'));
    try {
      expect(await home.run(['job', 'test', jobId, '--out', folder])).toMatchObject({ code: 0 });
      const passed = await jest(folder);
      expect([passed.code, passed.stderr]).toEqual([0, expect.stringContaining('3 passed')]);
      const rows = readFileSync(join(folder, 'rows.jsonl'), 'utf8');
      writeFileSync(join(folder, 'rows.jsonl'), rows.replace('"statusCode":404', '"statusCode":410'));
      const failed = await jest(folder);
      expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('1 failed, 2 passed')]);
      expect(await home.run(['job', 'test', jobId, '--out', folder])).toMatchObject({ code: 2 });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is exported, removed with its archive kept, and had back', async () => {
    const exported = await home.run(['job', 'export', jobId, '--bodies', 'job.tar.gz', '--output', 'json']);
    expect(json(exported)).toMatchObject({ format: 1, jobId, bodies: { missing: [] } });
    expect((await home.run(['job', 'export', jobId, '--out', 'job.tar.gz'])).code).toBe(2);
    expect((await home.run(['job', 'export', jobId, '--bodies', '-'])).code).toBe(2);
    writeFileSync(home.path('taken.tar.gz'), 'something else');
    const refused = await home.run(['job', 'rm', jobId, '--yes', '--keep-archive', 'taken.tar.gz']);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('exists already')]);
    expect(json(await home.run(['job', 'status', jobId, '--output', 'json']))).toMatchObject({
      status: 'done',
    });
    const removed = await home.run(['job', 'rm', jobId, '--yes', '--keep-archive', 'kept.tar.gz']);
    expect([removed.code, removed.stdout]).toEqual([0, expect.stringContaining('removed')]);
    expect(readFileSync(home.path('kept.tar.gz'))).toEqual(readFileSync(home.path('job.tar.gz')));
    const repeated = await home.run(['job', 'rm', jobId, '--yes', '--keep-archive', 'kept.tar.gz']);
    expect(repeated.code).toBe(0);
    const back = json(await home.run(['job', 'import', 'kept.tar.gz', '--output', 'json']));
    expect(back).toMatchObject({ status: 'done', from: { jobId }, already: false });
    const again = json(await home.run(['job', 'import', 'job.tar.gz', '--output', 'json']));
    expect(again).toMatchObject({ jobId: back['jobId'], already: true });
  });
});
