import { migrations } from '#migrations';
import { systemClock } from '#libs/adapters/system';
import { resolvedJobSpec } from '#libs/events';
import { Projector } from '#libs/engine';
import { createTestDatabase, until, type TestDatabase } from '#libs/testing';
import { History } from '#libs/testing/history';
import { openDatabase, type OpenDatabase } from './index.js';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
let database: TestDatabase;
const open: OpenDatabase[] = [];

const connect = async (schema?: string): Promise<OpenDatabase> => {
  const db = await openDatabase(database.url, schema ? { schema } : {});
  open.push(db);
  return db;
};

beforeEach(async () => {
  database = await createTestDatabase();
}, 60_000);
afterEach(async () => {
  await Promise.all(open.splice(0).map((db) => db.close()));
  await database.drop();
});

describe('migrations', () => {
  test.each(['spoor', 'another_one'])('give schema %s exactly the tables of the entities', async (schema) => {
    const db = await connect(schema);
    await db.migrate();
    const drift = await db.dataSource.driver.createSchemaBuilder().log();
    expect(drift.upQueries.map((query) => query.query)).toEqual([]);
    const schemas = await db.dataSource.query<{ schema: string }[]>(
      `SELECT DISTINCT table_schema AS schema FROM information_schema.tables
       WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`,
    );
    expect(schemas).toEqual([{ schema }]);
  });

  test('run once when several processes start together, and do nothing the next time', async () => {
    const all = await Promise.all([connect(), connect(), connect(), connect()]);
    await Promise.all(all.map((db) => db.migrate()));
    await all[0]!.migrate();
    const [row] = await all[0]!.dataSource.query<{ n: number }[]>(
      'SELECT count(*)::int AS n FROM spoor.migration',
    );
    expect(row).toEqual({ n: migrations.length });
  });

  test('can be taken back', async () => {
    const db = await connect();
    await db.migrate();
    for (const _ of migrations) await db.dataSource.undoLastMigration();
    expect(await db.dataSource.query(`SELECT to_regclass('spoor.page') AS page`)).toEqual([{ page: null }]);
  });
});

describe('a database that cannot be used is told in one line, without secrets', () => {
  const url = (change: (url: URL) => void): string => {
    const changed = new URL(database.url);
    changed.password = 'canary-password';
    change(changed);
    return changed.href;
  };
  test.each([
    ['refused', (u: URL) => void (u.port = '1'), 'Postgres does not answer.'],
    ['wrong password', (u: URL) => void (u.password = 'wrong-canary'), 'Postgres refuses the credentials.'],
    [
      'no such database',
      (u: URL) => {
        u.password = new URL(database.url).password;
        u.pathname = '/not_there';
      },
      'The database does not exist.',
    ],
  ])('%s', async (_, change, message) => {
    const error = await openDatabase(url(change)).catch((e: unknown) => e as Error);
    expect(error).toMatchObject({ code: 'store_unavailable', message });
    expect(JSON.stringify(error)).not.toMatch(/canary/);
  });
});

describe('queries', () => {
  const page = (n: number): string => `https://site${n % 2}.test:8443/p${n}`;
  let db: OpenDatabase;

  beforeEach(async () => {
    db = await connect();
    await db.migrate();
    const history = new History('0-testjob00').started({ start: [page(0)], name: '100%_real' });
    for (let n = 0; n < 25; n++)
      history.fetched(page(n), [], {
        title: `Company ${n}`,
        statusCode: n === 7 ? 404 : 200,
        stage: n < 5 ? 'list' : 'page',
        items: [
          { index: 0, data: { n } },
          { index: 1, data: { n } },
        ],
      });
    history.add('FetchFailed', {
      ...{ url: page(30), generation: 1, run: 1, try: 1, stage: 'page', depth: 1, attempt: 1 },
      ...{ code: 'dns_error', message: 'no such host', statusCode: 0, finalUrl: page(30), redirects: [] },
    });
    const other = new History('0-otherjob0').started({ start: [page(0)] }).events;
    Object.assign(other[0]!.data, { owner: 'ann' });
    const events = [...history.events, ...other];
    const entries = events.map((event, i) => ({ ...event, seq: i + 1, storedAt: (i + 1) * 1000 }));
    const none = async function* () {};
    const projector = new Projector(
      {
        ...{ store: db.projectionStore, clock: systemClock, logger },
        eventLog: {
          head: async () => ({ stream: 's', firstSeq: 1, lastSeq: entries.length, bytes: 0, maxBytes: null }),
          eventIdAt: async () => null,
          ...{ readShard: none, readJob: none, lastDecisions: async () => [] },
        },
      },
      { shard: 0 },
    );
    await projector.position();
    await projector.apply({ entries, upTo: entries.length, caughtUp: true });
  });

  async function all<T>(
    list: (cursor?: string) => Promise<{ rows: T[]; next: string | null }>,
  ): Promise<T[]> {
    const rows: T[] = [];
    for (let cursor: string | undefined; ;) {
      const answer = await list(cursor);
      rows.push(...answer.rows);
      if (answer.next === null) return rows;
      cursor = answer.next;
    }
  }

  test('every list comes whole through its cursors, each row once, in its order', async () => {
    const { readModels } = db;
    const pages = await all((cursor) => readModels.pages('0-testjob00', {}, 4, cursor));
    expect(pages.map((row) => row.url)).toEqual([...Array.from({ length: 25 }, (_, n) => page(n)), page(30)]);
    const items = await all((cursor) => readModels.items('0-testjob00', {}, 3, cursor));
    expect(items.map((row) => [row.data['n'], row.index])).toEqual(
      Array.from({ length: 50 }, (_, i) => [Math.floor(i / 2), i % 2]),
    );
    const evidence = await all((cursor) => readModels.evidence('0-testjob00', {}, 7, cursor));
    expect(new Set(evidence.map((row) => row.id)).size).toBe(25 * 4 + 2);
    expect(evidence).toHaveLength(25 * 4 + 2);
    const jobs = await all((cursor) => readModels.jobs({}, 1, cursor));
    expect(jobs.map((row) => row.jobId)).toEqual(['0-otherjob0', '0-testjob00']);
  });

  test.each([
    [{ outcome: 'failed' as const }, [30]],
    [{ statusCode: 404 }, [7]],
    [{ statusCode: 9_999_999_999 }, []],
    [{ errorCode: 'dns_error' }, [30]],
    [{ robotsBlocked: true }, []],
    [{ host: 'site1.test:8443', stage: 'list' }, [1, 3]],
    [{ q: 'company 1' }, [1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]],
    [{ q: '%' }, []],
    [{ q: `'; DROP TABLE spoor.page; --` }, []],
  ])('pages by %j', async (filter, expected) => {
    const { rows } = await db.readModels.pages('0-testjob00', filter, 100);
    expect(rows.map((row) => row.url)).toEqual(expected.map(page));
  });

  test('jobs by status and part of the name, where % and _ are themselves', async () => {
    const ids = async (filter: Parameters<typeof db.readModels.jobs>[0]) =>
      (await db.readModels.jobs(filter, 10)).rows.map((row) => row.jobId);
    expect(await ids({ q: '0%_r' })).toEqual(['0-testjob00']);
    expect(await ids({ q: '0_r' })).toEqual([]);
    expect(await ids({ status: 'running' })).toHaveLength(2);
    expect(await ids({ status: 'done' })).toEqual([]);
    expect(await ids({ owner: 'ann' })).toEqual(['0-otherjob0']);
    expect(await ids({ owner: 'ann', q: '0%_r' })).toEqual([]);
    expect(await ids({ owner: '' })).toEqual([]);
  });

  test('one page, its evidence, and none by an id that is none', async () => {
    const [first] = (await db.readModels.pages('0-testjob00', {}, 1)).rows;
    expect(await db.readModels.page('0-testjob00', first!.id)).toEqual(first);
    expect(await db.readModels.page('0-otherjob0', first!.id)).toBeNull();
    expect(await db.readModels.page('0-testjob00', 'not-a-uuid')).toBeNull();
    const { rows } = await db.readModels.evidence('0-testjob00', { pageId: first!.id }, 10);
    expect(rows.map((row) => row.type)).toEqual([
      'fetch_timing',
      'http_headers',
      'http_response',
      'robots_check',
    ]);
    expect((await db.readModels.evidence('0-testjob00', { type: 'fetch_error' }, 10)).rows).toHaveLength(1);
    expect((await db.readModels.evidence('0-testjob00', { pageId: 'x' }, 10)).rows).toEqual([]);
  });

  test('a job is read as it was written', async () => {
    expect(await db.readModels.job('0-testjob00')).toMatchObject({
      ...{ name: '100%_real', status: 'running', fetched: 25, failed: 1, bytes: 250, seq: 27 },
      ...{ createdAt: '1970-01-01T00:00:01.000Z', updatedAt: '1970-01-01T00:00:27.000Z', endedAt: null },
      statusCodes: { 200: 24, 404: 1 },
      spec: {
        ...resolvedJobSpec.parse({}),
        name: '100%_real',
        scope: { hosts: ['site0.test:8443'] },
        stages: [{ name: 'page' }],
      },
    });
    expect(await db.readModels.job('0-nothere00')).toBeNull();
  });

  test.each([
    '',
    'nonsense',
    Buffer.from('["x"]').toString('base64url'),
    Buffer.from('[1,2]').toString('base64url'),
  ])('cursor %j is refused by its name', async (cursor) => {
    const { readModels } = db;
    for (const list of [
      () => readModels.pages('0-testjob00', {}, 1, cursor),
      () => readModels.jobs({}, 1, cursor),
      () => readModels.evidence('0-testjob00', {}, 1, cursor),
    ])
      await expect(list()).rejects.toMatchObject({ code: 'invalid_request', details: { field: 'cursor' } });
  });

  test('plain SQL reads pages and evidence under the names that the documents give', async () => {
    const rows = await db.dataSource.query<object[]>(
      `SELECT id, job_id, url, title, status_code, load_time, metadata FROM spoor.page
       WHERE job_id = '0-testjob00' AND (status_code >= 400 OR metadata ->> 'error' IS NOT NULL) ORDER BY seq`,
    );
    expect(rows).toMatchObject([
      { status_code: 404 },
      { status_code: 0, metadata: { error: 'no such host' } },
    ]);
    const evidence = await db.dataSource.query<object[]>(
      `SELECT id, job_id, page_id, url, type, content, metadata FROM spoor.evidence WHERE type = 'fetch_error'`,
    );
    expect(evidence).toMatchObject([
      { content: 'no such host', metadata: { errorType: 'fetch_error', statusCode: 0 } },
    ]);
  });
});

test('connections that Postgres ends while they are idle are made anew', async () => {
  const db = await connect();
  await db.migrate();
  const killer = await connect();
  await db.projectionStore.checkpoint(0);
  await killer.dataSource.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()`,
  );
  const answers = async (): Promise<boolean> => {
    const [position, checkpoint] = await Promise.allSettled([
      db.readModels.position(0),
      db.projectionStore.checkpoint(0),
    ]);
    return position.status === 'fulfilled' && checkpoint.status === 'fulfilled';
  };
  await until(answers, { what: 'an answer' });
  expect(await db.readModels.position(0)).toBe(0);
});

test('the tables that a rebuild has replaced go without a deadlock with those who still read them', async () => {
  const db = await connect();
  await db.migrate();
  const tables = ['evidence', 'item', 'job', 'page', 'page_mark', 'parked_event'];
  const target = await db.projectionStore.beginRebuild();
  await target.load.end(new Map());
  const reader = db.dataSource.createQueryRunner();
  // Statements that were prepared before the swap lock the tables that they were prepared for.
  for (const table of tables) {
    await reader.query(`PREPARE count_${table} AS SELECT count(*) FROM spoor.${table}`);
    await reader.query(`EXECUTE count_${table}`);
  }
  await reader.query('BEGIN');
  await reader.query('SELECT 1 FROM spoor.checkpoint');
  const swapped = target.swap(() => Promise.resolve());
  const isWaiting = async (): Promise<boolean> => {
    const sql = `SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database
      WHERE datname = current_database() AND NOT granted`;
    return (await db.dataSource.query<unknown[]>(sql)).length > 0;
  };
  await until(isWaiting, { what: 'the old tables to be waited for' });
  for (const table of tables) await reader.query(`EXECUTE count_${table}`);
  await reader.query('COMMIT');
  await reader.release();
  await swapped;
});
