import { openDatabase, storableValue, type OpenDatabase } from '#libs/adapters/postgres';
import { systemClock } from '#libs/adapters/system';
import type { EventData, LogEntry } from '#libs/events';
import { ReplayedTables, compareRows, type TableRow } from '#libs/read-models';
import { createTestDatabase, type TestDatabase } from '#libs/testing';
import { History } from '#libs/testing/history';
import { Projector } from './projector.js';
import { unparkJobs } from './retry-parked.js';
import { SpecLog } from './spec-log.js';
import { verifyReadModels } from './verify.js';

const SITE = 'https://site.test';
const JOB = '0-testjob00';
const page = (n: number): string => `${SITE}/${n}`;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const ref = { commandId: 'c', run: 1 } as const;
const failed = (n: number): EventData<'FetchFailed'> => ({
  ...{ url: page(n), generation: 1, run: 1, try: 1, stage: 'page', depth: 1, attempt: 3, code: 'timeout' },
  ...{ message: `broken\u0000text`, statusCode: 0, finalUrl: page(n), redirects: [] },
});

let test_: TestDatabase;
let db: OpenDatabase;
let log: SpecLog;

beforeEach(async () => {
  test_ = await createTestDatabase();
  db = await openDatabase(test_.url);
  await db.migrate();
  log = new SpecLog();
}, 60_000);
afterEach(async () => {
  await db.close();
  await test_.drop();
});

const deps = () => ({ eventLog: log, store: db.projectionStore, clock: systemClock, logger: quiet });
const verify = () => verifyReadModels(deps(), { shards: [0], codeVersion: '1' });
const projector = (): Projector => new Projector(deps(), { shard: 0, codeVersion: '1' });

/** Folds the log up to `to` into the live tables. */
async function project(to?: number): Promise<void> {
  const one = projector();
  const { seq } = await one.position();
  await one.apply(log.batch(seq + 1, to));
}

function site(): History {
  const history = new History(JOB).started({ start: [page(0)] });
  for (let n = 0; n < 20; n++)
    history.fetched(page(n), [], {
      title: `Seite ${n} – ü`,
      items: [{ index: 0, data: { n, deep: [{ a: null }] } }],
    });
  return history.retried(page(20)).add('FetchFailed', failed(20)).add('JobStopped', ref);
}
const schemas = async (): Promise<string[]> =>
  (
    await db.dataSource.query<{ nspname: string }[]>(
      `SELECT nspname FROM pg_namespace WHERE nspname LIKE 'spoor%'`,
    )
  ).map(({ nspname }) => nspname);

test('given rows as the log makes them, then none differs, and nothing is left behind', async () => {
  log.append(...site().events);
  await project();
  expect(await verify()).toMatchObject({
    ...{ at: { 0: 24 }, differing: 0, differences: [] },
    rows: { job: 1, page: 21, item: 20, page_mark: 1, parked_event: 0 },
  });
  expect(await schemas()).toEqual(['spoor']);
});

test('given live rows that are behind the log, then both are compared where those stand', async () => {
  log.append(...site().events);
  await project(10);
  expect(await verify()).toMatchObject({ at: { 0: 10 }, differing: 0, rows: { page: 9 } });
});

test('given a row that was changed, one that is gone and one too many, then each is named', async () => {
  log.append(...site().events);
  await project();
  await db.dataSource.query(`UPDATE spoor.page SET title = 'forged' WHERE url = $1`, [page(3)]);
  await db.dataSource.query(`DELETE FROM spoor.item WHERE url = $1`, [page(4)]);
  await db.dataSource.query(
    `INSERT INTO spoor.page_mark
     SELECT (jsonb_populate_record(mark, jsonb_build_object('page_id', gen_random_uuid()))).*
     FROM spoor.page_mark AS mark LIMIT 1`,
  );
  const { differing, differences } = await verify();
  expect(differing).toBe(3);
  expect(differences).toEqual([
    expect.objectContaining({
      ...{ table: 'page', kind: 'different' },
      columns: [{ name: 'title', made: 'Seite 3 – ü', found: 'forged' }],
    }),
    expect.objectContaining({ table: 'item', kind: 'missing' }),
    expect.objectContaining({ table: 'page_mark', kind: 'extra' }),
  ]);
});

test('given a projector that goes on meanwhile, then it is not held up and the comparison stays where it began', async () => {
  log.append(...site().events);
  await project(10);
  let went = false;
  const eventLog = Object.create(log, {
    readShard: {
      value: async function* (shard: number, options: object) {
        if (!went) {
          went = true;
          await project();
        }
        yield* log.readShard(shard, options);
      },
    },
  }) as SpecLog;
  const found = await verifyReadModels({ ...deps(), eventLog }, { shards: [0], codeVersion: '1' });
  expect([found.at, found.differing]).toEqual([{ 0: 10 }, 0]);
  expect(await db.readModels.position(0)).toBe(log.entries.length);
});

test('given another log than the rows were made from, then that is said', async () => {
  log.append(...site().events);
  await project();
  log.stream = 'another';
  await expect(verify()).rejects.toMatchObject({ code: 'conflict' });
  expect(await schemas()).toEqual(['spoor']);
});

test('given a replay in memory, then its rows are those of Postgres', async () => {
  log.append(...site().events);
  await project();
  const tables = new ReplayedTables();
  tables.apply(log.entries);
  const made = tables.rows().map((one) => ({ ...one, row: storableValue(one.row) as TableRow['row'] }));
  const live = await db.projectionStore.snapshot();
  try {
    expect(await compareRows(made, live.rows(JOB))).toMatchObject({ differing: 0, rows: { page: 21 } });
  } finally {
    await live.close();
  }
});

describe('parked events', () => {
  const poison = (): LogEntry => ({
    ...{ unreadable: true, seq: 0, storedAt: 0, subject: 's', jobId: JOB, type: 'X', id: 'x' },
    reason: 'unknown event type X',
  });

  test('given an event that cannot be read, then another try leaves it parked and says why', async () => {
    log.append(...site().events.slice(0, 3), poison(), ...site().events.slice(3));
    await project();
    const found = await unparkJobs(deps(), { shard: 0, codeVersion: '1' });
    expect(found).toMatchObject([
      { jobId: JOB, firstSeq: 4, unparked: false, reason: 'unknown event type X' },
    ]);
    expect(await db.projectionStore.parked(0)).toMatchObject([{ jobId: JOB, firstSeq: 4 }]);
  });

  test('given code that can read it, then all that waited comes in', async () => {
    const { events } = site();
    log.append(...events.slice(0, 3), poison(), ...events.slice(4));
    await project();
    // The same place in the log, read by code that knows the event.
    log.entries[3] = { ...events[3]!, seq: 4 };
    expect(await unparkJobs(deps(), { shard: 0, codeVersion: '1', jobId: '0-otherjob0' })).toEqual([]);
    const found = await unparkJobs(deps(), { shard: 0, codeVersion: '1', jobId: JOB });
    expect(found).toMatchObject([{ jobId: JOB, unparked: true }]);
    expect(await db.projectionStore.parked(0)).toEqual([]);
    expect((await verify()).differing).toBe(0);
  });
});
