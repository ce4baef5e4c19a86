import type { LogEntry, StoredEvent } from '#libs/events';
import { History } from '#libs/testing/history';
import { pageIdOf } from '../rows-of-outcome.js';
import type { Changes } from './changes.js';
import { fold } from './fold.js';
import { plan } from './plan.js';
import type { FoldState } from './state.js';

const A = 'https://example.com/a';
const B = 'https://example.com/b';
const ref = { commandId: 'c', run: 1 } as const;

const empty = (): FoldState => ({ jobs: new Map(), pages: new Map(), parkedJobs: new Set() });
const given = (): History => new History().started({ start: [A] });

/** In one batch, or each event in a batch of its own: it must not matter. */
function foldAll(entries: LogEntry[], state = empty(), refused?: Map<number, string>): Changes {
  const options = { shard: 0, codeVersion: '1', ...(refused ? { refused } : {}) };
  return fold(plan(entries, state.jobs), state, options);
}

function jobAfter(history: History) {
  const one = empty();
  foldAll(history.events, one);
  const each = empty();
  for (const event of history.events) foldAll([event], each);
  expect(each).toEqual(one);
  return one.jobs.get(history.jobId)!;
}

const failure = (run: number) => ({
  ...{ url: A, generation: 1, run, try: 1, stage: 'page', depth: 0, attempt: 1 },
  ...{ code: 'timeout', message: 'too slow', statusCode: 0, finalUrl: A, redirects: [] },
});

test('a started job is running, with nothing counted', () => {
  expect(jobAfter(given())).toMatchObject({
    status: 'running',
    run: 1,
    generation: 1,
    fetched: 0,
    createdSeq: 1,
    seq: 1,
  });
});

test('outcomes are counted by kind, and fetched ones by status code', () => {
  const job = jobAfter(
    given()
      .fetched(A, [], { receivedBytes: 5, redirects: [{ url: A, statusCode: 301, location: B, ms: 1 }] })
      .fetched(B, [], { statusCode: 404 })
      .add('FetchFailed', { ...failure(1), url: 'https://example.com/c' })
      .add('PageSkipped', {
        ...{ url: 'https://example.com/d', generation: 1, run: 1, try: 1, stage: 'page', depth: 0 },
        ...{ code: 'skip_pattern', message: 'x', rule: null },
      }),
  );
  expect(job).toMatchObject({ fetched: 2, failed: 1, skipped: 1, redirects: 1, bytes: 15, seq: 5 });
  expect(job.statusCodes).toEqual({ 200: 1, 404: 1 });
});

test('of two outcomes of a page the first one counts, whatever run the second one is of', () => {
  const history = given().fetched(A, [], { title: 'first' }).add('FetchFailed', failure(1));
  history.fetched(A, [], { title: 'second', run: 2, try: 2 });
  expect(jobAfter(history)).toMatchObject({ fetched: 1, failed: 0, seq: 4 });
  expect(foldAll(history.events).pages).toMatchObject([{ title: 'first' }]);
});

test('a fact counts while the job is paused, stopped or done', () => {
  const history = given()
    .add('JobStopped', { ...ref, run: 1 })
    .fetched(A);
  expect(jobAfter(history)).toMatchObject({ status: 'stopped', fetched: 1 });
});

test('after a restart facts of the old generation do not count, and the counters start anew', () => {
  const history = given()
    .fetched(B)
    .add('JobStopped', { ...ref, run: 1 });
  history.add('JobRestarted', { ...ref, run: 2, generation: 2 }).fetched(A, [], { generation: 1 });
  expect(jobAfter(history)).toMatchObject({ generation: 2, run: 2, fetched: 0, statusCodes: {} });
  history.fetched(A, [], { generation: 2, run: 2 });
  expect(jobAfter(history)).toMatchObject({ fetched: 1 });
  expect(foldAll(history.events).pages.map((page) => page.id)).toEqual([
    pageIdOf(history.jobId, 1, B),
    pageIdOf(history.jobId, 2, A),
  ]);
});

describe('a requeued page', () => {
  const requeued = () =>
    given()
      .add('FetchFailed', failure(1))
      .add('JobCompleted', {
        ...{ ...ref, run: 1, because: 'exhausted' },
        pages: { discovered: 1, fetched: 0, failed: 1, skipped: 0, open: 0 },
      })
      .add('PagesRequeued', { ...ref, run: 2, filter: {}, urls: [A] });

  test('is no longer counted, but its row stays', () => {
    const state = empty();
    const changes = foldAll(requeued().events, state);
    expect(state.jobs.get('0-testjob00')).toMatchObject({
      status: 'running',
      run: 2,
      failed: 0,
      endedAt: null,
    });
    expect(changes.pages).toMatchObject([{ outcome: 'failed' }]);
    expect(changes.replacedPages).toEqual([]);
  });

  test('ignores late facts of an older run', () => {
    expect(jobAfter(requeued().fetched(A, [], { run: 1, try: 2 }))).toMatchObject({ fetched: 0, failed: 0 });
  });

  test('has its new outcome in place of the old one', () => {
    const history = requeued().fetched(A, [], { run: 2 });
    expect(jobAfter(history)).toMatchObject({ fetched: 1, failed: 0 });
    const state = empty();
    foldAll(history.events.slice(0, 4), state);
    const changes = foldAll(history.events.slice(4), state);
    expect(changes.replacedPages).toEqual([pageIdOf(history.jobId, 1, A)]);
    expect(changes.pages).toMatchObject([{ outcome: 'fetched', seq: 5 }]);
    expect(changes.evidence.map((row) => row.type)).not.toContain('fetch_error');
  });
});

test('kinds of evidence that the job does without are not written', () => {
  const history = new History()
    .started({ start: [A], evidenceOff: ['http_headers', 'fetch_timing'] })
    .fetched(A);
  expect(foldAll(history.events).evidence.map((row) => row.type)).toEqual(['http_response', 'robots_check']);
});

test('a retry that is stored twice counts once', () => {
  const history = given().retried(A).retried(A).retried(A, { try: 2 });
  expect(jobAfter(history)).toMatchObject({ retries: 2 });
});

test('a resume changes what it names, and the error is gone', () => {
  const history = given().add('ProxyFailed', {
    ...{
      ...ref,
      run: 1,
      url: A,
      page: null,
      code: 'proxy_auth',
      statusCode: 407,
      message: 'no',
      vendorText: null,
    },
    hint: 'pay',
  });
  expect(jobAfter(history)).toMatchObject({
    status: 'error',
    lastError: 'no',
    lastErrorCode: 'proxy_auth',
    hint: 'pay',
  });
  history.add('JobResumed', { ...ref, run: 2, changes: { politeness: { concurrency: 3 } } });
  const job = jobAfter(history);
  expect(job).toMatchObject({ status: 'running', run: 2, lastError: null, hint: null, endedAt: null });
  expect(job.spec.politeness).toMatchObject({ concurrency: 3, perHost: 2 });
});

test('a removed job leaves a tombstone that its removal alone would leave, too', () => {
  const history = given()
    .fetched(A)
    .add('JobStopped', { ...ref, run: 1 })
    .add('JobRemoved', { commandId: 'rm' });
  history.fetched(B);
  const changes = foldAll(history.events);
  expect(changes).toMatchObject({
    removedJobs: [history.jobId],
    pages: [],
    evidence: [],
    marks: [],
    parked: [],
  });
  expect(changes.jobs).toEqual(foldAll(history.events.slice(3)).jobs);
  expect(changes.jobs).toMatchObject([{ status: 'removed', name: null, fetched: 0, seq: 4 }]);
});

describe('links that a skip pattern holds back', () => {
  const holding = { links: { follow: {}, skip: { 'exclude:/b': ['/b'] } } };

  test('are evidence once, without a page', () => {
    const changes = foldAll(
      given().fetched(A, [], holding).fetched('https://example.com/c', [], holding).events,
    );
    const held = changes.evidence.filter((row) => row.url === B);
    expect(held).toMatchObject([{ type: 'fetch_error', content: 'URL matches skip pattern', seq: 2 }]);
    expect(changes.pages.map((page) => page.url)).not.toContain(B);
  });

  test('are none beside what is known of the page itself', () => {
    const before = foldAll(given().fetched(B).fetched(A, [], holding).events);
    expect(before.evidence.filter((row) => row.type === 'fetch_error')).toEqual([]);
    const state = empty();
    const history = given().fetched(A, [], holding).fetched(B);
    foldAll(history.events.slice(0, 2), state);
    const after = foldAll(history.events.slice(2), state);
    expect(after.replacedPages).toEqual([pageIdOf(history.jobId, 1, B)]);
    expect(after.evidence.map((row) => row.type)).not.toContain('fetch_error');
  });

  test('do not count of a fact that does not count', () => {
    const changes = foldAll(
      given()
        .fetched(A)
        .fetched(A, [], { ...holding, try: 2 }).events,
    );
    expect(changes.evidence.filter((row) => row.url === B)).toEqual([]);
  });
});

describe('poison', () => {
  const unreadable = (seq: number, jobId: string | null): LogEntry => ({
    ...{
      unreadable: true,
      seq,
      storedAt: seq,
      subject: 's',
      jobId,
      type: 'Odd',
      id: 'x',
      reason: 'bad JSON',
    },
  });

  test('parks its job from there on, and no other', () => {
    const other = new History('0-otherjob0').started({ start: [A] }).fetched(A);
    const [started, page] = given().fetched(A).events as [StoredEvent, StoredEvent];
    const state = empty();
    const changes = foldAll([started, unreadable(7, started.jobId), page, ...other.events], state);
    expect(changes.parked).toMatchObject([
      { seq: 7, jobId: started.jobId, reason: 'bad JSON', codeVersion: '1' },
      { seq: page.seq, jobId: started.jobId, reason: null },
    ]);
    expect(changes.pages).toMatchObject([{ jobId: other.jobId }]);
    expect([...state.parkedJobs]).toEqual([started.jobId]);
  });

  test('of no job is kept, and nothing waits behind it', () => {
    const changes = foldAll([unreadable(1, null), ...given().events]);
    expect(changes.parked).toMatchObject([{ seq: 1, jobId: null }]);
    expect(changes.jobs).toHaveLength(1);
  });

  test('is what the store refused, and a fact of a job without a beginning', () => {
    const history = given().fetched(A);
    expect(foldAll(history.events, empty(), new Map([[2, 'too deep']])).parked).toMatchObject([
      { seq: 2, reason: 'too deep' },
    ]);
    expect(foldAll(history.events.slice(1)).parked).toMatchObject([
      { seq: 2, reason: 'the log holds no JobStarted for this job' },
    ]);
  });

  test('goes with its job', () => {
    const history = given()
      .add('JobStopped', { ...ref, run: 1 })
      .add('JobRemoved', { commandId: 'rm' });
    const state = empty();
    const changes = foldAll([unreadable(0, history.jobId), ...history.events], state);
    expect(changes.parked).toEqual([]);
    expect(state.parkedJobs.size).toBe(0);
  });
});
