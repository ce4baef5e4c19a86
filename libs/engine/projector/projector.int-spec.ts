import { openDatabase, type OpenDatabase } from '#libs/adapters/postgres';
import { systemClock } from '#libs/adapters/system';
import type { EventData, LogEntry } from '#libs/events';
import { StaleCheckpointError } from '#libs/engine/ports';
import { createTestDatabase, type TestDatabase } from '#libs/testing';
import { History } from '#libs/testing/history';
import { Projector } from './projector.js';
import { rebuildReadModels } from './rebuild.js';
import { SpecLog } from './spec-log.js';

const SITE = 'https://site.test';
const JOB = '0-testjob00';
const said: string[] = [];
const logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (_: object, message: string) => said.push(message),
  error: (_: object, message: string) => said.push(message),
};
const ref = { commandId: 'c', run: 1 } as const;

let test_: TestDatabase;
let db: OpenDatabase;
let log: SpecLog;

beforeEach(async () => {
  test_ = await createTestDatabase();
  db = await openDatabase(test_.url);
  await db.migrate();
  log = new SpecLog();
  said.length = 0;
}, 60_000);

afterEach(async () => {
  await db.close();
  await test_.drop();
});

const projector = (codeVersion = '1', store = db.projectionStore, clock = systemClock): Projector =>
  new Projector({ eventLog: log, store, clock, logger }, { shard: 0, codeVersion });

async function dump(): Promise<string> {
  let text = '';
  for await (const line of db.dump()) text += line;
  return text;
}

const rebuild = (codeVersion = '1') =>
  rebuildReadModels(
    { eventLog: log, store: db.projectionStore, clock: systemClock, logger },
    { shards: [0], codeVersion },
  );

const page = (n: number): string => `${SITE}/${n}`;
const failed = (url: string, over: Partial<EventData<'FetchFailed'>> = {}): EventData<'FetchFailed'> => ({
  ...{ url, generation: 1, run: 1, try: 1, stage: 'page', depth: 1, attempt: 3 },
  ...{
    code: 'timeout',
    message: 'Request timeout after 30000ms',
    statusCode: 0,
    finalUrl: url,
    redirects: [],
  },
  ...over,
});

/** A history in which everything happens that can happen to a page. */
function eventful(): History {
  const history = new History(JOB).started({ start: [page(0)], name: 'eventful' });
  const skip = { links: { follow: {}, skip: { 'exclude:/login': ['/login'] } } };
  for (let n = 0; n < 20; n++) history.fetched(page(n), [], { ...skip, title: `Page ${n}` });
  history
    .retried(page(20))
    .retried(page(20), { try: 2 })
    .add('FetchFailed', failed(page(20)));
  history.fetched(page(21), [], { items: [{ index: 0, data: { name: 'A' } }], statusCode: 404 });
  history.add('PageSkipped', {
    ...{ url: page(22), generation: 1, run: 1, try: 1, stage: 'page', depth: 1 },
    ...{ code: 'skip_pattern', message: 'x', rule: 'exclude:22' },
  });
  history.fetched(page(0), [], { run: 1, try: 2, title: 'too late' });
  history.add('PagesRequeued', {
    ...ref,
    run: 2,
    filter: {},
    urls: [page(20), page(21), page(22), page(99)],
  });
  history.fetched(page(20), [], { run: 2 }).fetched(page(21), [], { run: 1, try: 2 });
  history.add('FetchFailed', failed(page(22), { run: 2 }));
  return history;
}

test('the same rows come of one batch, of many, of each twice, and of a rebuild', async () => {
  log.append(...eventful().events);
  const one = projector();
  await one.position();
  await one.apply(log.batch());
  const expected = await dump();
  expect(expected).toContain('Request timeout after 30000ms');

  // A projector that died after its commit and before anybody knew: the next one is handed the same events again.
  const again = projector();
  await again.position();
  await again.apply(log.batch());
  expect(await dump()).toBe(expected);

  await rebuild();
  expect(await dump()).toBe(expected);
  expect(await db.readModels.position(0)).toBe(log.entries.length);

  await db.dataSource.query(
    'TRUNCATE spoor.page, spoor.evidence, spoor.item, spoor.job, spoor.page_mark, spoor.checkpoint',
  );
  const small = projector();
  await small.position();
  for (let seq = 1; seq <= log.entries.length; seq++) {
    await small.apply(log.batch(seq, seq));
    await small.apply(log.batch(seq, seq));
  }
  expect(await dump()).toBe(expected);
});

test('counters equal the rows', async () => {
  log.append(...eventful().events);
  const one = projector();
  await one.position();
  await one.apply(log.batch());
  const job = (await db.readModels.job(JOB))!;
  expect(job).toMatchObject({ status: 'running', run: 2, fetched: 21, failed: 1, skipped: 0, retries: 2 });
  expect(job.statusCodes).toEqual({ 200: 21 });
  const rows = await db.dataSource.query<{ outcome: string; n: number }[]>(
    `SELECT outcome, count(*)::int AS n FROM spoor.page WHERE url <> $1 GROUP BY 1 ORDER BY 1`,
    // Open again, and its row of before still there.
    [page(21)],
  );
  expect(rows).toEqual([
    { outcome: 'failed', n: 1 },
    { outcome: 'fetched', n: 21 },
  ]);
});

test('a requeued page keeps its row until the new outcome takes its place, evidence and items included', async () => {
  const history = eventful();
  log.append(...history.events);
  const one = projector();
  await one.position();
  await one.apply(log.batch());
  expect((await db.readModels.items(JOB, {}, 10)).rows).toHaveLength(1);
  const before = log.entries.length;
  log.append(...new History(JOB).fetched(page(21), [], { run: 2, title: 'new' }).events);
  await one.apply(log.batch(before + 1));
  expect((await db.readModels.items(JOB, {}, 10)).rows).toEqual([]);
  expect((await db.readModels.pages(JOB, { q: '/21' }, 10)).rows).toMatchObject([
    { title: 'new', statusCode: 200 },
  ]);
  expect((await db.readModels.job(JOB))!.fetched).toBe(22);
  const { rows } = await db.readModels.evidence(JOB, { type: 'fetch_error' }, 10);
  expect(rows.map((row) => row.url)).toEqual([`${SITE}/login`, page(22)]);
});

test('facts of an older generation do not count, and lists show the present one', async () => {
  const history = eventful().add('JobStopped', { ...ref, run: 2 });
  history.add('JobRestarted', { ...ref, run: 3, generation: 2 });
  history.fetched(page(50), [], { run: 2, generation: 1 }).fetched(page(1), [], { run: 3, generation: 2 });
  log.append(...history.events);
  const one = projector();
  await one.position();
  await one.apply(log.batch());
  expect(await db.readModels.job(JOB)).toMatchObject({ generation: 2, fetched: 1, failed: 0, retries: 0 });
  expect((await db.readModels.pages(JOB, {}, 100)).rows.map((row) => row.url)).toEqual([page(1)]);
  const [all] = await db.dataSource.query<{ n: number }[]>('SELECT count(*)::int AS n FROM spoor.page');
  expect(all).toEqual({ n: 24 });
});

test('two projectors at once write everything once', async () => {
  log.append(...eventful().events);
  const two = [projector(), projector()];
  await Promise.all(
    two.map(async (one) => {
      await one.position();
      for await (const batch of log.readShard(0, { maxBatch: 3 })) await one.apply(batch);
    }),
  );
  const live = await dump();
  expect((await db.readModels.job(JOB))!.fetched).toBe(21);
  await rebuild();
  expect(await dump()).toBe(live);
});

test('what another projector commits while this one connects is no reason to make the read models anew', async () => {
  const { events } = eventful();
  log.append(...events.slice(0, 10));
  const { head } = log;
  log.head = async () => {
    const before = await head.call(log);
    log.head = head;
    log.append(...events.slice(10));
    const other = projector();
    await other.position();
    await other.apply(log.batch());
    return before;
  };
  await projector().position();
  expect(said).toEqual([]);
});

test('a commit from a checkpoint that has moved writes nothing', async () => {
  log.append(...eventful().events);
  const one = projector();
  const position = await one.position();
  await one.apply(log.batch());
  const before = await dump();
  const stale = db.projectionStore.commit({
    ...{ shard: 0, expected: position, next: { ...position, seq: 1 } },
    jobIds: [],
    fold: () => Promise.reject(new Error('must not be asked')),
  });
  await expect(stale).rejects.toBeInstanceOf(StaleCheckpointError);
  expect(await dump()).toBe(before);
});

describe('commits that a crash of the store took back', () => {
  /** A projector that has committed up to 20, and a store that holds what it did up to 10. */
  async function takenBack(clock = systemClock): Promise<Projector> {
    log.append(...eventful().events);
    const one = projector('1', db.projectionStore, clock);
    await one.position();
    await one.apply(log.batch(1, 10));
    const rows = await dump();
    await one.apply(log.batch(11, 20));
    await db.dataSource.query(`DELETE FROM spoor.page WHERE seq > 10`);
    await db.dataSource.query(`DELETE FROM spoor.evidence WHERE seq > 10`);
    await db.dataSource.query(`UPDATE spoor.checkpoint SET seq = 10, event_id = 'event-10'`);
    await db.dataSource
      .query(`UPDATE spoor.job SET fetched = 9, bytes = 90, status_codes = '{"200": 9}', seq = 10,
      updated_at = to_timestamp(10)`);
    expect(await dump()).toBe(rows);
    return one;
  }

  test('are read again', async () => {
    const one = await takenBack();
    await one.apply(log.batch(21));
    const live = await dump();
    await rebuild();
    expect(await dump()).toBe(live);
  });

  test('are found missing and read again though no event comes any more', async () => {
    const stopping = new AbortController();
    let looks = 0;
    // One look, at once, then no more.
    const sleep = async (): Promise<void> => void (++looks > 1 && stopping.abort());
    const one = await takenBack({ ...systemClock, sleep });
    await one.watch(stopping.signal);
    expect((await db.projectionStore.checkpoint(0))!.seq).toBeGreaterThanOrEqual(20);
    await one.apply(log.batch(21));
    const live = await dump();
    await rebuild();
    expect(await dump()).toBe(live);
  });

  test('leave no gap when the projector is told to end while it reads them', async () => {
    const one = await takenBack();
    const stopping = new AbortController();
    const { head } = log;
    log.head = async () => {
      stopping.abort();
      return head.call(log);
    };
    await expect(one.apply(log.batch(21), stopping.signal)).rejects.toThrow();
    log.head = head;
    const next = projector();
    const { seq } = await next.position();
    await next.apply(log.batch(seq + 1));
    const live = await dump();
    await rebuild();
    expect(await dump()).toBe(live);
  });
});

describe('a checkpoint that does not fit the log makes the read models anew, loudly', () => {
  const mismatches: [string, (log: SpecLog) => void, RegExp][] = [
    ['another stream', (l) => (l.stream = 'two'), /another one/],
    ['a shorter log', (l) => (l.entries = l.entries.slice(0, 5)), /shorter/],
    [
      'another event at the checkpoint',
      (l) => (l.entries = l.entries.map((e, i, all) => (i === all.length - 1 ? { ...e, id: 'other' } : e))),
      /another event/,
    ],
  ];
  test.each(mismatches)('%s', async (_, spoil, message) => {
    log.append(...eventful().events);
    const one = projector();
    await one.position();
    await one.apply(log.batch());
    await db.dataSource.query(`UPDATE spoor.page SET title = 'of the old log'`);
    spoil(log);
    const position = await projector().position();
    expect(position).toMatchObject({ stream: log.stream, seq: log.entries.length });
    expect(said.join()).toMatch(message);
    expect(await dump()).not.toContain('of the old log');
  });
});

describe('poison', () => {
  const bad: LogEntry = {
    ...{ unreadable: true, seq: 0, storedAt: 0, subject: 's', jobId: JOB, type: 'PageFetched', id: 'x' },
    reason: 'unknown schema version 9',
  };
  const healthy = () =>
    new History('0-otherjob0')
      .started({ start: [page(0)] })
      .fetched(page(0))
      .fetched(page(1));

  test('parks its job and no other, alike in a rebuild', async () => {
    const [start, ...rest] = eventful().events;
    log.append(start!, rest[0]!, bad, ...healthy().events, ...rest.slice(1));
    const one = projector();
    await one.position();
    await one.apply(log.batch());
    expect(await db.readModels.job(JOB)).toMatchObject({ fetched: 1 });
    expect(await db.readModels.job('0-otherjob0')).toMatchObject({ fetched: 2 });
    expect((await one.status()).parked).toMatchObject([
      { jobId: JOB, firstSeq: 3, reason: 'unknown schema version 9', events: rest.length },
    ]);
    expect(said.join()).toContain('unknown schema version 9');
    const live = await dump();
    await rebuild();
    expect(await dump()).toBe(live);
  });

  test('that only Postgres refuses is narrowed to its event, in the live fold and in a rebuild', async () => {
    const history = new History(JOB).started({ start: [page(0)] }).fetched(page(0));
    history.fetched(page(1), [], { depth: 3_000_000_000 }).fetched(page(2));
    log.append(...healthy().events, ...history.events);
    const one = projector();
    await one.position();
    await one.apply(log.batch());
    expect(await db.readModels.job(JOB)).toMatchObject({ fetched: 1 });
    expect(await db.readModels.job('0-otherjob0')).toMatchObject({ fetched: 2 });
    const { parked } = await one.status();
    expect(parked).toMatchObject([{ jobId: JOB, firstSeq: 6, events: 2 }]);
    expect(parked[0]!.reason).toContain('22003');
    const live = await dump();
    await rebuild();
    expect(await dump()).toBe(live);
  });

  test('is tried again by another version of the code, and only by another', async () => {
    const [start, ...rest] = eventful().events;
    log.append(start!, bad, ...rest);
    const one = projector();
    await one.position();
    await one.apply(log.batch());
    // The new code can read it.
    log.entries[1] = { ...new History(JOB).fetched(`${SITE}/was-bad`).last, seq: 2, storedAt: 2000 };
    await projector('1').position();
    expect((await one.status()).parked).toHaveLength(1);
    await projector('2').position();
    expect((await one.status()).parked).toEqual([]);
    const live = await dump();
    expect(live).toContain('was-bad');
    await rebuild('2');
    expect(await dump()).toBe(live);
  });

  test('that another version cannot fold either stays parked, with what waits behind it', async () => {
    const [start, ...rest] = eventful().events;
    log.append(start!, bad, ...rest);
    const one = projector();
    await one.position();
    await one.apply(log.batch());
    const before = await dump();
    await projector('2').position();
    expect((await one.status()).parked).toMatchObject([{ codeVersion: '2', events: rest.length + 1 }]);
    expect(await dump()).toBe(before);
  });
});

test('a removed job leaves a tombstone, live and in a rebuild of a log that is purged', async () => {
  const history = eventful()
    .add('JobStopped', { ...ref, run: 2 })
    .add('JobRemoved', { commandId: 'rm' });
  const other = new History('0-otherjob0').started({ start: [page(0)] }).fetched(page(0));
  log.append(...history.events, ...other.events);
  const one = projector();
  await one.position();
  await one.apply(log.batch());
  expect(await db.readModels.job(JOB)).toMatchObject({ status: 'removed', fetched: 0 });
  expect((await db.readModels.pages(JOB, {}, 10)).rows).toEqual([]);
  const live = await dump();
  await rebuild();
  expect(await dump()).toBe(live);
  const removedAt = history.events.length;
  const all = log.entries;
  log.readShard = async function* () {
    yield { entries: all.slice(removedAt - 1), upTo: all.length, caughtUp: true };
  };
  await rebuild();
  expect(await dump()).toBe(live);
});

test('text that Postgres cannot keep is made storable, the same way each time', async () => {
  const nul = String.fromCharCode(0);
  const history = new History(JOB).started({ start: [page(0)] });
  history.fetched(page(0), [], {
    title: `a${nul}b\ud800c\ud83d\ude00`,
    headers: { 'x-odd': `${nul}\udfff "quoted\\" \t\n` },
    items: [{ index: 0, data: { [`k${nul}`]: [`v\ud800`, { deep: `\\u0000` }] } }],
  });
  log.append(...history.events);
  const one = projector();
  await one.position();
  await one.apply(log.batch());
  expect((await db.readModels.pages(JOB, {}, 1)).rows[0]!.title).toBe('a\ufffdb\ufffdc\ud83d\ude00');
  expect((await db.readModels.items(JOB, {}, 1)).rows[0]!.data).toEqual({
    'k\ufffd': ['v\ufffd', { deep: '\\u0000' }],
  });
  const live = await dump();
  await rebuild();
  expect(await dump()).toBe(live);
});

test('a rebuild under live traffic ends with the same rows, and lists are never half', async () => {
  const history = eventful();
  log.append(...history.events.slice(0, 15));
  const one = projector();
  await one.position();
  await one.apply(log.batch());
  let done = false;
  const listed = async () => (await db.readModels.pages(JOB, {}, 100)).rows.length;
  const counts = [await listed()];
  const reading = (async () => {
    while (!done) counts.push(await listed());
  })();
  const rebuilding = rebuild();
  for (const event of history.events.slice(15)) {
    log.append(event);
    await one.apply(log.batch(log.entries.length));
  }
  await rebuilding;
  log.append(...new History(JOB).fetched(page(60), [], { run: 2 }).events);
  await one.apply(log.batch(log.entries.length));
  done = true;
  await reading;
  expect(counts[0]).toBe(14);
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  const live = await dump();
  await rebuild();
  expect(await dump()).toBe(live);
});

test('one rebuild at a time', async () => {
  log.append(...eventful().events);
  const target = await db.projectionStore.beginRebuild();
  await expect(rebuild()).rejects.toMatchObject({ code: 'conflict' });
  await target.discard();
  await rebuild();
});

test('waits while the store is away, and goes on', async () => {
  log.append(...eventful().events);
  const one = projector();
  await one.position();
  await one.apply(log.batch(1, 10));
  const away = await openDatabase(test_.url);
  const end = async () =>
    away.dataSource.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()`,
    );
  await end();
  await one.apply(log.batch(11));
  await away.close();
  expect((await db.readModels.job(JOB))!.fetched).toBe(21);
  expect((await one.status()).lag).toBe(0);
});
