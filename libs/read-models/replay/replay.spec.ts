import type { EventData, LogEntry } from '#libs/events';
import { History } from '#libs/testing/history';
import { compareRows } from './compare-rows.js';
import { ReplayedTables } from './replayed-tables.js';
import { canonicalText, type TableRow } from './tables.js';

const SITE = 'https://site.test';
const page = (n: number): string => `${SITE}/${n}`;
const ref = { commandId: 'c', run: 1 } as const;
const failed = (n: number): EventData<'FetchFailed'> => ({
  ...{ url: page(n), generation: 1, run: 1, try: 1, stage: 'page', depth: 1, attempt: 3, code: 'timeout' },
  ...{ message: 'x', statusCode: 0, finalUrl: page(n), redirects: [] },
});
const eventful = () =>
  new History()
    .started({ start: [page(0)] })
    .fetched(page(0), ['/1', '/2'], { items: [{ index: 0, data: { name: 'A' } }] })
    .retried(page(1))
    .add('FetchFailed', failed(1))
    .fetched(page(2));

function replay(events: readonly LogEntry[], batch = events.length): ReplayedTables {
  const tables = new ReplayedTables();
  for (let from = 0; from < events.length; from += batch) tables.apply(events.slice(from, from + batch));
  return tables;
}
const named = (rows: TableRow[]): string[] => rows.map(({ table }) => table);

test('given a history, then its rows come table by table, the same for any batches', () => {
  const whole = replay(eventful().events).rows();
  expect(new Set(named(whole))).toEqual(new Set(['job', 'page', 'evidence', 'item', 'page_mark']));
  expect(whole[0]!.row).toMatchObject({ status: 'running', fetched: 2, failed: 1, retries: 1 });
  for (const batch of [1, 2, 3]) expect(replay(eventful().events, batch).rows()).toEqual(whole);
});

test('given parts, then together they have every row, each once and in its order, and the job is in the first', () => {
  const history = new History().started({ start: Array.from({ length: 40 }, (_, n) => page(n)) });
  for (let n = 0; n < 40; n++) history.fetched(page(n), [], { items: [{ index: 0, data: { n } }] });
  const whole = replay(history.events).rows();
  const parts = [1, 2, 3].map((nth) => {
    const tables = new ReplayedTables({ nth, of: 3 });
    tables.apply(history.events);
    return tables.rows();
  });
  for (const part of parts) expect(part.length).toBeGreaterThan(0);
  expect(parts.map((rows) => rows.some(({ table }) => table === 'job'))).toEqual([true, false, false]);
  const joined = (name: string) => parts.flat().filter(({ table }) => table === name);
  for (const name of new Set(named(whole)))
    expect(joined(name)).toEqual(whole.filter(({ table }) => table === name));
  expect(parts.flat()).toHaveLength(whole.length);
});

test('given one table, then only its rows come', () => {
  const rows = replay(eventful().events).rows('page');
  expect(rows.map(({ row }) => row['outcome']).sort()).toEqual(['failed', 'fetched', 'fetched']);
});

test('given a page that was fetched again, then its old rows are gone', () => {
  const requeue = { ...ref, run: 2, filter: {}, urls: [page(0)] };
  const again = eventful().add('PagesRequeued', requeue).fetched(page(0), [], { run: 2, title: 'new' });
  for (const batch of [1, again.events.length]) {
    const tables = replay(again.events, batch);
    expect(tables.rows('item')).toEqual([]);
    expect(tables.rows('page').filter(({ row }) => row['title'] === 'new')).toHaveLength(1);
  }
});

test('given a removed job, then its tombstone is left', () => {
  const rows = replay(eventful().add('JobRemoved', { commandId: 'r' }).events, 1).rows();
  expect(rows).toMatchObject([{ table: 'job', row: { status: 'removed' } }]);
});

test('given an event that cannot be read, then it and what follows are parked', () => {
  const { events } = eventful();
  const { seq, storedAt, jobId, id } = events[2]!;
  const reason = 'unknown event type X';
  events[2] = { unreadable: true, ...{ seq, storedAt, jobId, id, reason }, subject: 's', type: 'X' } as never;
  const parked = replay(events).rows('parked_event');
  expect(parked.map(({ row }) => [row['seq'], row['reason']])).toEqual([
    [3, reason],
    [4, null],
    [5, null],
  ]);
});

describe('a comparison', () => {
  const rows = () => structuredClone(replay(eventful().events).rows());

  it('of equal rows finds nothing, whatever the order of their properties', async () => {
    const turned = rows().map((one) => ({
      ...one,
      row: Object.fromEntries(Object.entries(one.row).reverse()),
    }));
    const found = await compareRows(rows(), turned);
    expect(found).toMatchObject({
      differing: 0,
      differences: [],
      rows: { job: 1, page: 3, parked_event: 0 },
    });
  });

  it('names what is missing, what is too much, and what differs in which column', async () => {
    const store = rows();
    const [missing] = store.splice(1, 1);
    const extra = { ...missing!, key: ['ffffffff-ffff-8fff-bfff-ffffffffffff'] };
    store.splice(3, 0, extra);
    store[0]!.row['fetched'] = 7;
    const { differing, differences } = await compareRows(rows(), store);
    expect(differing).toBe(3);
    expect(differences).toEqual([
      {
        ...{ table: 'job', key: ['0-testjob00'], kind: 'different' },
        columns: [{ name: 'fetched', made: 2, found: 7 }],
      },
      { table: 'page', key: missing!.key, kind: 'missing', columns: [] },
      { table: 'page', key: extra.key, kind: 'extra', columns: [] },
    ]);
  });

  it('counts all and shows the first', async () => {
    const { differing, differences } = await compareRows(rows(), [], 2);
    expect([differing, differences.length]).toEqual([rows().length, 2]);
  });
});

test('given equal values, then their canonical text is equal', () => {
  expect(canonicalText({ b: [1, { d: null, c: 'x' }], a: undefined })).toBe('{"b":[1,{"c":"x","d":null}]}');
});
