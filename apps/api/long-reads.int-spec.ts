import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { createFileBodies } from '#libs/adapters/bodies';
import { TarArchive } from '#libs/adapters/job-archive';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { openDatabase, type Database } from '#libs/adapters/postgres';
import { newId, systemClock } from '#libs/adapters/system';
import { JobService, Projector } from '#libs/engine';
import { archivedEvents, checkArchive } from '#libs/engine/archive';
import type { TableRow } from '#libs/read-models';
import { createTestDatabase, startTestNats, testDir, type TestDatabase, type TestNats } from '#libs/testing';
import { History, page, record } from '#libs/testing/history';
import { longReads } from './long-reads.js';
import { startTestApi, type TestApi } from './test-support.js';

const PAGES = 30;
const JOB = '0-longread0000';
const logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

describe('what reads a whole history, on real stores', () => {
  let nats: TestNats;
  let store: TestDatabase;
  let log: JetStreamHandle;
  let database: Database;
  let api: TestApi;
  const home = testDir('long-reads');
  const bodies = createFileBodies({ dir: testDir('long-reads-bodies') });

  beforeAll(async () => {
    [nats, store] = await Promise.all([startTestNats(), createTestDatabase()]);
    log = await connectLog({ url: nats.url, shards: 1, name: 'long reads spec' });
    database = await openDatabase(store.url);
    await database.migrate();
    const body = await bodies.put(JOB, Buffer.from('<h1>a</h1>'), {
      encoding: 'identity',
      contentType: null,
    });
    const history = new History(JOB).started({ start: [page('/0')] });
    for (let n = 0; n < PAGES; n++) history.fetched(page(`/${n}`), [page(`/${n + 1}`)], { body });
    await record(log.eventLog, history.add('JobStopped', { commandId: 's', run: 1 }).events);
    const deps = { eventLog: log.eventLog, store: database.projectionStore, clock: systemClock, logger };
    const projector = new Projector(deps, { shard: 0 });
    await projector.position();
    for await (const batch of log.eventLog.readShard(0)) await projector.apply(batch);
    const config = { shards: 1, home };
    const long = longReads({ log, bodies, clock: systemClock, logger, config }, database.projectionStore);
    const jobs = new JobService({ eventLog: log.eventLog, clock: systemClock, newId, shards: 1 });
    api = await startTestApi({}, { eventLog: log.eventLog, ...long, jobs });
  }, 60_000);
  afterAll(async () => {
    await api.close();
    await database.close();
    await log.close();
    await Promise.all([nats.stop(), store.drop()]);
  });

  const change = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: store.url });
    await client.connect();
    await client.query(sql);
    await client.end();
  };
  const lines = async (path: string): Promise<unknown[]> =>
    (await (await fetch(api.url + path)).text())
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as unknown);

  test('given a job, then its rows are replayed, all of them, of one table, or up to an event', async () => {
    const rows = (await lines(`/api/jobs/${JOB}/replay`)) as Pick<TableRow, 'table' | 'row'>[];
    expect(rows.filter(({ table }) => table === 'page')).toHaveLength(PAGES);
    expect(await lines(`/api/jobs/${JOB}/replay?projection=page`)).toEqual(
      rows.filter(({ table }) => table === 'page'),
    );
    const parts = [1, 2].map((part) => lines(`/api/jobs/${JOB}/replay?part=${part}&of=2`));
    const joined = (await Promise.all(parts)).flat() as typeof rows;
    for (const { table } of rows)
      expect(joined.filter((row) => row.table === table)).toEqual(rows.filter((row) => row.table === table));
    const [job] = (await lines(`/api/jobs/${JOB}/replay?projection=job&to=11`)) as typeof rows;
    expect(job!.row).toMatchObject({ jobId: JOB, status: 'running', fetched: 10 });
  });

  test('given an archive of it, then it is whole, with its bodies or without, and nothing of it is left behind', async () => {
    for (const [query, files] of [
      ['', 1],
      ['?bodies=false', null],
    ] as const) {
      const response = await fetch(`${api.url}/api/jobs/${JOB}/archive${query}`);
      expect(response.headers.get('content-type')).toBe('application/gzip');
      expect(response.headers.get('content-disposition')).toContain(`${JOB}.tar.gz`);
      const file = join(home, 'got.tar.gz');
      await writeFile(file, Buffer.from(await response.arrayBuffer()));
      const archive = new TarArchive(file);
      const { manifest } = await checkArchive(archive);
      expect([manifest.jobId, manifest.bodies?.files.length ?? null]).toEqual([JOB, files]);
      let events = 0;
      for await (const _ of archivedEvents(archive)) events++;
      expect(events).toBe(PAGES + 2);
    }
    expect(await readdir(join(home, 'exports'))).toEqual([]);
  });

  test('given live rows, then they are verified; and one that was changed is named, by the job and by all', async () => {
    const holds = await api.get('/api/projections/verify');
    expect(holds).toMatchObject({
      ...{ status: 200, body: { holds: true, differing: 0, at: { 0: PAGES + 2 } } },
    });
    const other = await database.projectionStore.beginRebuild();
    expect(await api.get('/api/projections/verify')).toMatchObject({
      ...{ status: 409, body: { error: { code: 'conflict' } } },
    });
    await other.discard();

    await change(`UPDATE page SET status_code = 404 WHERE url = '${page('/7')}'`);
    const [last] = (await lines('/api/projections/verify?format=ndjson')).slice(-1);
    const column = { name: 'statusCode', made: 200, found: 404 };
    const told = { differing: 1, differences: [{ table: 'page', kind: 'different', columns: [column] }] };
    expect(last).toMatchObject({ verification: { holds: false, ...told } });
    expect((await api.get(`/api/jobs/${JOB}/differences`)).body).toMatchObject({ seq: PAGES + 2, ...told });
  });
});
