import { pageEventId, type LogEntry, type StoredEvent } from '#libs/events';
import type { PageRow } from '#libs/engine/ports';
import type { Facts } from '../harness/facts.js';
import { CANARIES } from '../harness/servers.js';
import { oracles } from './index.js';

const JOB = '0-aaaaaaaa';
const ORIGIN = 'http://127.0.0.1:1';

interface World {
  events?: unknown[];
  rows?: { url: string; statusCode?: number }[];
  requests?: { path: string; at: number }[];
  counts?: object;
  status?: string;
  live?: string[];
  rebuilt?: string[];
  output?: string;
  deaths?: string[];
  said?: object[];
}

const started = { type: 'JobStarted', seq: 1, id: 'start', jobId: JOB, storedAt: 1, data: { spec: {} } };
const fetched = (n: number, seq: number, over: object = {}) => {
  const data = { url: `${ORIGIN}/p/${n}`, run: 1, generation: 1, try: 1, ...over };
  const id = pageEventId(JOB, data.run, data.url, data.try);
  return { type: 'PageFetched', seq, id, jobId: JOB, storedAt: 1000, data };
};
const done = { type: 'JobCompleted', seq: 4, id: 'done', jobId: JOB, storedAt: 2000, data: { run: 1 } };

/** A run of a site of two pages in which all is well, but for what is said otherwise. */
function factsOf(world: World = {}): Facts {
  const events = (world.events ?? [started, fetched(0, 2), fetched(1, 3), done]) as StoredEvent[];
  const rows = (world.rows ?? [{ url: `${ORIGIN}/p/0` }, { url: `${ORIGIN}/p/1` }]).map(
    (row) => ({ outcome: 'fetched', statusCode: 200, errorCode: null, ...row }) as PageRow,
  );
  const page = { outcome: 'fetched', statusCode: 200, requests: 1 };
  const site = {
    host: '127.0.0.1:1',
    log: world.requests ?? [
      { path: '/p/0', at: 900 },
      { path: '/p/1', at: 900 },
    ],
    truth: () => new Map([0, 1].map((n) => [`${ORIGIN}/p/${n}`, page])),
  };
  const counts = world.counts ?? { fetched: 2, failed: 0, skipped: 0, statusCodes: { 200: 2 } };
  const parts = [{ name: 'worker', output: world.output ?? '', deaths: world.deaths ?? [] }];
  return {
    run: { jobId: JOB, fault: {}, site, stage: { parts }, api: { said: world.said ?? [] } },
    entries: events as LogEntry[],
    events,
    ofJob: events,
    rows,
    skipped: [],
    jobs: [{ jobId: JOB, status: world.status ?? 'done', run: 1, generation: 1, counts }],
    live: world.live ?? ['a', 'b'],
    rebuilt: world.rebuilt ?? ['a', 'b'],
  } as unknown as Facts;
}

const stored = (event: string, seq: number): string =>
  `{"level":"debug","event":"${event}","jobId":"${JOB}","seq":${seq},"msg":"stored"}`;

describe('oracles', () => {
  it.each(Object.keys(oracles))('%s finds nothing where nothing is broken', (name) => {
    expect(oracles[name]!(factsOf({ output: stored('start', 1) }))).toEqual([]);
  });

  it.each<[string, string, World, RegExp]>([
    ['O1', 'a page without an outcome', { events: [started, fetched(0, 2)] }, /p\/1 has no outcome/],
    ['O1', 'a page without a row', { rows: [{ url: `${ORIGIN}/p/0` }] }, /p\/1 has no row/],
    [
      'O1',
      'a page with two rows',
      { rows: [0, 1, 1].map((n) => ({ url: `${ORIGIN}/p/${n}` })) },
      /2 page rows/,
    ],
    [
      'O1',
      'another outcome than the site gave',
      { rows: [{ url: `${ORIGIN}/p/0` }, { url: `${ORIGIN}/p/1`, statusCode: 500 }] },
      /fetched 500 .* not fetched 200/,
    ],
    [
      'O1',
      'a try that is told twice',
      { events: [started, fetched(0, 2), fetched(1, 3), fetched(1, 5)] },
      /try 1 of/,
    ],
    [
      'O1',
      'a page of another site',
      { events: [started, fetched(0, 2), fetched(1, 3), fetched(7, 5)] },
      /p\/7 is no page/,
    ],
    ['O2', 'a row that differs', { rebuilt: ['a', 'c'] }, /live {4}b/],
    ['O2', 'a row too many', { live: ['a', 'b', 'c'] }, /3 rows live, 2 rebuilt/],
    [
      'O3',
      'a request of what was committed',
      {
        requests: [
          { path: '/p/0', at: 900 },
          { path: '/p/0', at: 1500 },
        ],
      },
      /\/p\/0 500 ms after/,
    ],
    [
      'O3',
      'more requests than were in flight',
      { requests: Array.from({ length: 40 }, () => ({ path: '/p/0', at: 900 })) },
      /39 requests were made again/,
    ],
    [
      'O4',
      'an acknowledged event that is not there',
      { output: stored('lost', 9) },
      /lost is at 9; there is nothing/,
    ],
    ['O4', 'another event at its place', { output: stored('other', 2) }, /other is at 2/],
    [
      'O4',
      'an answered command that is not there',
      { said: [{ method: 'POST', path: '/x', status: 200, body: { seq: 99 } }] },
      /answered with 99/,
    ],
    ['O4', 'a gap', { events: [started, fetched(0, 2), fetched(1, 4)] }, /between 2 and 4 is a gap/],
    ['O4', 'an id twice', { events: [started, fetched(0, 2), fetched(0, 3)] }, /is at 2 and at 3/],
    [
      'O4',
      'a run out of order',
      { events: [started, { ...done, type: 'JobResumed', seq: 2, data: { run: 3 } }] },
      /of run 3, behind 1/,
    ],
    ['O5', 'another status than the log has', { status: 'running' }, /says status running .* the log done/],
    [
      'O5',
      'counters that count something else',
      { counts: { fetched: 3, failed: 0, skipped: 0, statusCodes: {} } },
      /"fetched":3/,
    ],
    ['O6', 'a process that ended by itself', { deaths: ['exit code 1'] }, /ended by itself/],
    ['O6', 'a rejection that nobody caught', { output: 'x\nUnhandledPromiseRejection: y' }, /worker printed/],
    [
      'O6',
      'a password in a log',
      { output: CANARIES.nats },
      /the password of nats stands in what worker printed/,
    ],
    ['O6', 'a password in a row', { live: [CANARIES.proxy] }, /stands in a row/],
    [
      'O6',
      'an answer with inner words',
      { said: [{ method: 'GET', path: '/x', status: 500, body: 'Error\n    at foo (/node_modules/x.js)' }] },
      /GET \/x was answered 500/,
    ],
  ])('%s finds %s', (name, _, world, text) => {
    expect(oracles[name]!(factsOf(world)).join('\n')).toMatch(text);
  });
});
