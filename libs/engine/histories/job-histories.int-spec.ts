import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { newId, systemClock } from '#libs/adapters/system';
import type { EventData, JobEvent, NewJobEvent, NewPageEvent, StoredEvent } from '#libs/events';
import type { JobAt } from '#libs/job';
import { startTestNats, until, type TestNats } from '#libs/testing';
import { History } from '#libs/testing/history';
import { JobService } from '../jobs/index.js';
import { JobHistories } from './job-histories.js';

const KEY = [1, 2] as const;
const SITE = 'https://site.test';
const page = (n: number): string => `${SITE}/${n}`;
const ref = { commandId: 'c', run: 1 } as const;
const failed = (n: number, code = 'timeout'): EventData<'FetchFailed'> => ({
  ...{ url: page(n), generation: 1, run: 1, try: 1, stage: 'page', depth: 1, attempt: 3, code },
  ...{ message: 'Request timeout after 30000ms', statusCode: 0, finalUrl: page(n), redirects: [] },
});

let nats: TestNats;
let log: JetStreamHandle;
let histories: JobHistories;
let n = 0;
let job: string;

beforeAll(async () => {
  nats = await startTestNats();
  log = await connectLog({ url: nats.url, shards: 1, name: 'histories-spec' });
  const jobs = new JobService({ eventLog: log.eventLog, clock: systemClock, newId, shards: 1 });
  histories = new JobHistories({
    ...{ ...log, clock: systemClock, hashKey: KEY, shards: 1 },
    look: (jobId, view) => jobs.look(jobId, view),
  });
});
afterAll(async () => {
  await log.close();
  await nats.stop();
});
beforeEach(() => {
  job = `0-history${String(++n).padStart(4, '0')}`;
});
const history = (): History => new History(job).started({ start: [page(0)] });

/** Stores a history; answers the sequences that its events got. */
async function store({ events }: History): Promise<number[]> {
  const seqs: number[] = [];
  let last = 0;
  for (const { seq: _, storedAt: __, ...event } of events) {
    const stored = { ...event, id: `${job}:${event.id}` };
    if (isDecision(event)) {
      last = (await log.eventLog.appendJob(stored as NewJobEvent, last)).seq;
      seqs.push(last);
    } else seqs.push((await log.eventLog.publishPage(stored as NewPageEvent)).seq);
  }
  return seqs;
}
const isDecision = (
  event: Omit<StoredEvent, 'seq' | 'storedAt'>,
): event is Omit<JobEvent, 'seq' | 'storedAt'> => !('try' in event.data);

describe('a job at a moment', () => {
  it('is the fold of what was stored up to then, and no more', async () => {
    const seqs = await store(
      history()
        .fetched(page(0), ['/1', '/2'])
        .fetched(page(1))
        .add('JobPaused', { ...ref, by: 'user' }),
    );
    await store(new History(`0-another${n}000`).started({ start: [SITE] }));
    expect(await histories.at(job, { seq: seqs[1]! })).toMatchObject({
      ...{ seq: seqs[1], status: 'running', nextUrl: page(1) },
      pages: { discovered: 3, fetched: 1, failed: 0, skipped: 0, open: 2 },
    });
    expect(await histories.at(job)).toMatchObject({
      seq: seqs[3],
      status: 'paused',
      pages: { fetched: 2, open: 1 },
    });
  });

  it('can be named by time', async () => {
    const seqs = await store(history().fetched(page(0), ['/1']));
    const { storedAt } = await histories.at(job);
    await until(() => Date.now() > Date.parse(storedAt) + 1);
    await store(new History(job).fetched(page(1)));
    const at = await histories.at(job, { time: Date.parse(storedAt) });
    expect(at).toMatchObject({ seq: seqs[1], pages: { fetched: 1 } });
  });

  it('names the field when it lies outside the history', async () => {
    const seqs = await store(history());
    const { lastSeq } = await log.eventLog.head(0);
    const field = (name: string) => ({ code: 'invalid_request', details: { field: name } });
    await expect(histories.at(job, { seq: lastSeq + 1 })).rejects.toMatchObject(field('at'));
    await expect(histories.at(job, { seq: seqs[0]! - 1 })).rejects.toMatchObject(field('at'));
    await expect(histories.diff(job, { seq: lastSeq }, { seq: lastSeq - 1 })).rejects.toMatchObject(
      field('from'),
    );
    await expect(histories.at('0-nothing00')).rejects.toMatchObject({ code: 'job_not_found' });
    await expect(histories.at('7-nothing00')).rejects.toMatchObject({ code: 'job_not_found' });
  });
});

it('tells what happened between two moments', async () => {
  const requeue = { ...ref, run: 2, filter: {}, urls: [page(1)] };
  const seqs = await store(
    history()
      .fetched(page(0), ['/1', '/2'])
      .add('FetchFailed', failed(1))
      .fetched(page(2), ['/3'])
      .add('PagesRequeued', requeue),
  );
  const diff = await histories.diff(job, { seq: seqs[1]! });
  expect(diff).toMatchObject({
    ...{ from: { seq: seqs[1] }, to: { seq: seqs[4] } },
    events: { FetchFailed: 1, PageFetched: 1, PagesRequeued: 1 },
    pages: {
      fetched: { count: 1, pages: [{ url: page(2), seq: seqs[3] }] },
      failed: { count: 1, pages: [{ url: page(1), seq: seqs[2] }] },
      reopened: { count: 1, pages: [{ url: page(1), seq: seqs[4] }] },
    },
  });
  expect(diff.changes).toEqual(
    expect.arrayContaining([
      { field: 'run', from: 1, to: 2 },
      { field: 'pages.discovered', from: 3, to: 4 },
      { field: 'pages.fetched', from: 1, to: 2 },
    ]),
  );
  expect((await histories.diff(job, { seq: seqs[4]! })).changes).toEqual([]);
});

it('tells all that a job became from the moment before it began', async () => {
  const seqs = await store(history().fetched(page(0), ['/1']));
  const diff = await histories.diff(job, { seq: seqs[0]! - 1 }, { seq: seqs[1]! });
  expect(diff).toMatchObject({
    ...{ from: { seq: seqs[0]! - 1, storedAt: null }, to: { seq: seqs[1] } },
    events: { JobStarted: 1, PageFetched: 1 },
    pages: { fetched: { count: 1, pages: [{ url: page(0), seq: seqs[1] }] } },
  });
  expect(diff.changes).toEqual(
    expect.arrayContaining([
      { field: 'status', from: null, to: 'running' },
      { field: 'pages.discovered', from: 0, to: 2 },
      expect.objectContaining({ field: 'spec.scope', from: null }),
    ]),
  );
  const before = { seq: seqs[0]! - 1 };
  await expect(histories.diff(job, before, before)).rejects.toMatchObject({ details: { field: 'to' } });
});

it('proves a job from the real log', async () => {
  await store(
    history()
      .fetched(page(0), ['/1'])
      .add('JobStopped', ref)
      .add('JobResumed', { ...ref, run: 2 })
      .fetched(page(1), [], { run: 2 }),
  );
  const proof = await histories.proof(job);
  expect(proof).toMatchObject({ holds: true, pages: { discovered: 2, fetched: 2, open: 0 } });
  expect(proof.runs[1]).toMatchObject({ began: 'JobResumed', refetched: 0 });
  expect(proof.runs[1]!.kept).toEqual(proof.runs[1]!.before);
});

describe('an explanation', () => {
  const lead = (): Promise<boolean> => log.lease.hold('coordinator-0', 'spec');
  afterEach(() => log.lease.release('coordinator-0', 'spec'));

  it('of a job that its proxy stopped names the page, the cause and the way on', async () => {
    const data = { ...ref, url: page(1), page: null, code: 'proxy_auth', statusCode: 407, attempt: 1 };
    const more = {
      message: 'Proxy authentication failed (407)',
      vendorText: 'Bad credentials',
      hint: 'Check them.',
    };
    const seqs = await store(
      history()
        .fetched(page(0), ['/1', '/2'])
        .add('ProxyFailed', { ...data, ...more }),
    );
    const found = await histories.explain(job);
    expect(found).toMatchObject({
      ...{ status: 'error', seq: seqs[2], pages: { fetched: 1, open: 2 } },
      stoppedBy: {
        seq: seqs[2],
        type: 'ProxyFailed',
        url: page(1),
        code: 'proxy_auth',
        vendorText: 'Bad credentials',
      },
      inFlight: { count: 0 },
      waiting: [{ why: 'not-running', pages: 2 }],
      hint: 'Check them.',
    });
    expect(found.firstFailure).toEqual(found.stoppedBy);
    expect(found.commands[0]).toBe(`job resume ${job} --dry-run`);
  });

  it('shows the first failure with the evidence that it left, and counts the others', async () => {
    const bad = { statusCode: 503, error: 'HTTP 503 after 3 attempts' };
    const all = history().fetched(page(0), ['/1', '/2', '/3', '/4']).add('FetchFailed', failed(1));
    await store(all.add('FetchFailed', failed(2)).fetched(page(3), [], bad));
    const { firstFailure, failures } = await histories.explain(job);
    expect(firstFailure).toMatchObject({
      url: page(1),
      code: 'timeout',
      message: 'Request timeout after 30000ms',
    });
    expect(firstFailure!.evidence.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['fetch_error', 'http_response']),
    );
    expect(failures.map(({ code, pages }) => [code, pages])).toEqual([
      ['timeout', 2],
      ['http_5xx', 1],
    ]);
  });

  it('of a job that nobody runs says so', async () => {
    await store(history());
    const { waiting, commands } = await histories.explain(job);
    expect(waiting).toMatchObject([{ why: 'nobody-runs-it', pages: 1 }]);
    expect(commands[0]).toBe(`crawl --resume ${job}`);
  });

  it('puts every open page in flight or behind one reason', async () => {
    await lead();
    const slow = 'https://slow.test';
    const links = ['/1', '/2', '/3', `${slow}/1`, `${slow}/2`];
    await store(history().fetched(page(0), links).retried(page(1), { delayMs: 600_000 }));
    const task = { depth: 1, stage: 'page', try: 1, attempt: 1 };
    const batch = {
      jobId: job,
      generation: 1,
      run: 1,
      jobSeq: 1,
      logSeq: 1,
      tasks: [{ url: page(2), ...task }],
    };
    const { lastSeq } = await log.fetchQueue.snapshot(0);
    await log.fetchQueue.release(0, 'http', [batch], lastSeq);
    const found = await histories.explain(job);
    expect(found.inFlight).toEqual({ count: 1, tasks: [{ url: page(2), run: 1, try: 1, attempt: 1 }] });
    expect(found.waiting).toMatchObject([
      { why: 'retry-due', pages: 1, detail: expect.stringContaining('http_5xx') },
      { why: 'robots-unknown', pages: 2, host: 'slow.test' },
      { why: 'pace', pages: 1, host: 'site.test' },
    ]);
    const waiting = found.waiting.reduce((sum, { pages }) => sum + pages, 0);
    expect(waiting + found.inFlight.count).toBe((found as Pick<JobAt, 'pages'>).pages.open);
  });

  it('names the budget that holds the rest back', async () => {
    await lead();
    const limited = new History(job).started({ start: [page(0)], scope: { maxPages: 1 } });
    await store(limited.fetched(page(0), ['/1', '/2']));
    expect((await histories.explain(job)).waiting).toMatchObject([{ why: 'budget', pages: 2 }]);
  });
});
