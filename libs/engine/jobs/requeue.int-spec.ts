import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { openDatabase, type OpenDatabase } from '#libs/adapters/postgres';
import { newHashKey, newId, systemClock } from '#libs/adapters/system';
import { pageEventId } from '#libs/events';
import type { EventData, NewPageEvent, PageEventType } from '#libs/events';
import { createTestDatabase, startTestNats, type TestDatabase, type TestNats } from '#libs/testing';
import { History } from '#libs/testing/history';
import { pageAttempts } from '../pages/index.js';
import { Projector } from '../projector/index.js';
import { JobResults } from '../results/index.js';
import { RemoveJob } from '../retention/index.js';
import { JobService } from './index.js';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const SITE = 'https://site.test';
const url = (path: string): string => SITE + path;

describe('requeue, on a real log and a real database', () => {
  let nats: TestNats;
  let store: TestDatabase;
  let log: JetStreamHandle;
  let db: OpenDatabase;
  let jobs: JobService;
  let removal: RemoveJob;
  let projector: Projector;
  let jobId: string;

  beforeAll(async () => {
    [nats, store] = await Promise.all([startTestNats(), createTestDatabase()]);
    log = await connectLog({ url: nats.url, shards: 1, name: 'requeue spec' });
    db = await openDatabase(store.url);
    await db.migrate();
    const { eventLog } = log;
    const readModels = async () => db.readModels;
    jobs = new JobService({ eventLog, clock: systemClock, newId, shards: 1, readModels, requeueWaitMs: 100 });
    const bodies = { removeJob: () => Promise.resolve() };
    removal = new RemoveJob({ eventLog, purge: log.purge, bodies, clock: systemClock });
    projector = new Projector(
      { eventLog, store: db.projectionStore, clock: systemClock, logger },
      { shard: 0 },
    );
  }, 60_000);
  afterAll(async () => {
    await db.close();
    await log.close();
    await Promise.all([nats.stop(), store.drop()]);
  });

  const paths = ['/ok', '/broken', '/limited', '/silent', '/private'];
  beforeEach(async () => {
    const start = [...paths, '/open'].map(url);
    ({ jobId } = await jobs.start({ start, politeness: { robots: 'obey' } }));
    await fetched('/ok', 200);
    await record('FetchRetried', '/broken', {
      ...failure('http_5xx', 'HTTP 503', 503),
      burned: true,
      delayMs: 7,
    });
    await fetched('/broken', 503, { error: 'HTTP 503 after 2 attempts', attempt: 2, try: 2 });
    await fetched('/limited', 429, { error: 'HTTP 429 after 3 attempts', attempt: 3 });
    await record('FetchFailed', '/silent', {
      ...failure('timeout', 'Request timeout after 1ms', 0),
      ...{ finalUrl: url('/silent'), redirects: [] },
    });
    const robots = {
      policy: 'obey',
      allowed: false,
      confidence: 'low',
      reason: 'no',
      rule: 'Disallow: /',
    } as const;
    await record('PageSkipped', '/private', { code: 'robots_disallowed', message: 'no', rule: null, robots });
    await project();
  });

  const failure = (code: string, message: string, statusCode: number) => ({
    code,
    message,
    statusCode,
    attempt: 1,
  });
  async function record<T extends PageEventType>(type: T, path: string, data: object): Promise<void> {
    const ref = { url: url(path), generation: 1, run: 1, try: 1, stage: 'page', depth: 0 };
    const all = { ...ref, ...data } as EventData<T> & typeof ref;
    const id = pageEventId(jobId, all.run, all.url, all.try);
    await log.eventLog.publishPage({
      type,
      id,
      jobId,
      data: all,
      time: new Date(0).toISOString(),
    } as NewPageEvent);
  }
  const fetched = (path: string, statusCode: number, over: Partial<EventData<'PageFetched'>> = {}) =>
    record('PageFetched', path, new History(jobId).fetched(url(path), [], { statusCode, ...over }).last.data);
  async function project(): Promise<void> {
    const { seq } = await projector.position();
    for await (const batch of log.eventLog.readShard(0, { fromSeq: seq + 1 })) await projector.apply(batch);
  }
  const refusal = async (selection: object): Promise<unknown> =>
    jobs.requeue(jobId, selection).then(
      () => 'accepted',
      ({ code, details }: { code: string; details: { field?: string } }) => ({ code, field: details.field }),
    );

  test.each<[object, string[]]>([
    [{ errorCode: 'http_5xx' }, ['/broken']],
    [{ errorCode: 'timeout' }, ['/silent']],
    [{ errorCode: 'robots_disallowed' }, ['/private']],
    [{ statusCode: 429 }, ['/limited']],
    [{ statusCode: '5xx' }, ['/broken']],
    [{ statusCode: '2xx' }, ['/ok']],
    [{ outcome: 'failed' }, ['/silent']],
    [{ outcome: 'skipped' }, ['/private']],
    [{ outcome: 'fetched', urlPattern: '/(ok|limited)$' }, ['/ok', '/limited']],
    [{ urlPattern: '/(silent|private)' }, ['/silent', '/private']],
    [{ host: 'site.test' }, paths],
    [{ stage: 'page', statusCode: 0 }, ['/silent']],
  ])('by filter %j: exactly these', async (filter, expected) => {
    const { urls, pages } = await jobs.planRequeue(jobId, { filter });
    expect(urls.sort()).toEqual(expected.map(url).sort());
    expect(pages).toBe(expected.length);
  });

  test('by the id of a page, whether it has a row or was skipped', async () => {
    const [row] = (await db.readModels.pages(jobId, { statusCode: 429 }, 1)).rows;
    const [skipped] = (await db.readModels.skipped(jobId, {}, 10)).rows;
    expect(skipped).toMatchObject({ url: url('/private'), code: 'robots_disallowed', rule: 'Disallow: /' });
    const byId = async (pageId: string) => (await jobs.planRequeue(jobId, { filter: { pageId } })).urls;
    expect([await byId(row!.id), await byId(skipped!.id)]).toEqual([[url('/limited')], [url('/private')]]);
  });

  test.each<[object, string]>([
    [{}, 'filter'],
    [{ filter: {} }, 'filter'],
    [{ filter: { errorCode: 'http_5xx' }, urls: [url('/ok')] }, 'filter'],
    [{ filter: { errorCode: 'no_such_code' } }, 'filter.errorCode'],
    [{ filter: { statusCode: '5x' } }, 'filter.statusCode'],
    [{ filter: { urlPattern: '(' } }, 'filter.urlPattern'],
    [{ filter: { urlPattern: '(?=x)' } }, 'filter.urlPattern'],
    [{ filter: { colour: 'red' } }, 'filter.colour'],
    [{ filter: { statusCode: 418 } }, 'filter'],
    [{ urls: [] }, 'urls'],
    [{ urls: ['ftp://site.test/'] }, 'urls[0]'],
    [{ urls: [url('/ok'), url('/never-seen')] }, 'urls[1]'],
    [{ urls: [url('/open')] }, 'urls[0]'],
  ])('%j is refused by its field, and nothing is appended', async (selection, field) => {
    const { lastSeq } = await log.eventLog.head(0);
    expect(await refusal(selection)).toEqual({ code: 'invalid_request', field });
    expect((await log.eventLog.head(0)).lastSeq).toBe(lastSeq);
  });

  test('a repeated command is the same decision, also when its pages have changed meanwhile', async () => {
    const asked = { filter: { statusCode: 429 }, commandId: 'once', reason: 'calm again' };
    const first = await jobs.requeue(jobId, asked);
    expect(first).toMatchObject({ status: 'running', run: 2, pages: 1, urls: [url('/limited')] });
    await fetched('/limited', 200, { run: 2 });
    await project();
    expect(await jobs.requeue(jobId, asked)).toEqual(first);
    const event = (await log.eventLog.readDecisions(jobId)).at(-1)!;
    expect(event.data).toEqual({
      ...{ commandId: 'once', reason: 'calm again', run: 2 },
      ...{ filter: { statusCode: 429 }, urls: [url('/limited')] },
    });
  });

  test('the new outcome takes the place of the old, and every count is exact at each step', async () => {
    const counts = async () => {
      await project();
      const { fetched: ok, failed, skipped, statusCodes } = (await db.readModels.job(jobId))!;
      const file: unknown[] = [];
      const results = new JobResults(log.eventLog, jobId, newHashKey());
      const { pages } = await results.write((line) => void file.push(JSON.parse(line)));
      expect(pages).toMatchObject({ fetched: ok, failed, skipped, discovered: paths.length + 1 });
      return { ok, failed, skipped, statusCodes };
    };
    expect(await counts()).toEqual({ ok: 3, failed: 1, skipped: 1, statusCodes: { 200: 1, 429: 1, 503: 1 } });
    await jobs.requeue(jobId, { urls: [url('/broken'), url('/silent'), url('/private')] });
    expect(await counts()).toEqual({ ok: 2, failed: 0, skipped: 0, statusCodes: { 200: 1, 429: 1 } });
    // What the run before still had under way is late: it does not count any more.
    await fetched('/broken', 404, { try: 3 });
    expect(await counts()).toMatchObject({ ok: 2 });
    await fetched('/broken', 200, { run: 2 });
    await fetched('/silent', 200, { run: 2 });
    await fetched('/private', 200, { run: 2 });
    expect(await counts()).toEqual({ ok: 5, failed: 0, skipped: 0, statusCodes: { 200: 4, 429: 1 } });

    const { rows } = await db.readModels.pages(jobId, { q: '/broken' }, 10);
    expect(rows).toMatchObject([{ statusCode: 200, errorCode: null, metadata: { error: null } }]);
    expect((await db.readModels.evidence(jobId, { type: 'fetch_error' }, 10)).rows).toEqual([]);
    const { attempts } = await pageAttempts(log.eventLog, rows[0]!, rows[0]!.seq);
    expect(attempts).toMatchObject([
      { run: 1, try: 1, result: 'retried', message: 'HTTP 503', retryDelayMs: 7 },
      { run: 1, try: 2, result: 'fetched', message: 'HTTP 503 after 2 attempts', code: 'http_5xx' },
      { run: 1, try: 3, result: 'fetched', statusCode: 404 },
      { run: 2, try: 1, result: 'fetched', statusCode: 200, attempt: 1 },
    ]);
  });

  test('a page that waits for its next attempt is told as open again, until an attempt ends it', async () => {
    await jobs.requeue(jobId, { urls: [url('/ok')] });
    const page = (await db.readModels.pages(jobId, { statusCode: 200 }, 1)).rows[0]!;
    expect(await pageAttempts(log.eventLog, page, page.seq)).toMatchObject({ openAgain: true });
    await fetched('/ok', 200, { run: 2 });
    expect(await pageAttempts(log.eventLog, page, page.seq)).toMatchObject({ openAgain: false });
  });

  test('a job that stands asks its proxy first, and nothing is opened while the way is not', async () => {
    const tried: string[] = [];
    const problem = { ok: false, code: 'proxy_auth', statusCode: 407, vendorText: null } as const;
    const proxied = new JobService({
      ...{ eventLog: log.eventLog, clock: systemClock, newId, shards: 1 },
      readModels: async () => db.readModels,
      proxyCheck: {
        check: (_jobId, _proxy, target) => {
          tried.push(target);
          return Promise.resolve({
            ...problem,
            message: 'Proxy authentication failed (407)',
            hint: 'Mend it.',
          });
        },
      },
    });
    ({ jobId } = await proxied.start({ start: [url('/ok')], proxy: { url: 'http://proxy.test:8080' } }));
    await fetched('/ok', 200);
    await project();
    const urls = [url('/ok')];
    expect(await proxied.requeue(jobId, { urls })).toMatchObject({ run: 2 });
    expect(tried).toEqual([]);
    await proxied.stop(jobId);
    await project();
    await expect(proxied.requeue(jobId, { urls })).rejects.toMatchObject({
      code: 'proxy_auth',
      message: `No page of job ${jobId} is fetched again: Proxy authentication failed (407).`,
    });
    expect(tried).toEqual(urls);
    expect(await proxied.state(jobId)).toMatchObject({ status: 'stopped', run: 2 });
  });

  test('read models that stay behind are waited for, then nothing is done and that is said', async () => {
    await fetched('/open', 200);
    expect(await refusal({ filter: { statusCode: 200 } })).toMatchObject({ code: 'store_unavailable' });
    const asked = jobs.planRequeue(jobId, { filter: { statusCode: 200 } });
    await project();
    expect((await asked).urls.sort()).toEqual([url('/ok'), url('/open')].sort());
  });

  test('a job that has used up its time or bytes, and one that was removed, say so', async () => {
    const decide = async (because: 'max-duration' | 'max-pages') => {
      const { lastSeq: seq, run } = (await jobs.state(jobId))!;
      const pages = { discovered: 6, fetched: 3, failed: 1, skipped: 1, open: 1 };
      const data = { commandId: because, run, because, pages };
      const event = { type: 'JobCompleted', id: `${jobId}:cmd:${because}`, jobId, data, time: '' } as const;
      await log.eventLog.appendJob({ ...event, time: new Date(0).toISOString() }, seq);
      await project();
    };
    await decide('max-duration');
    expect(await refusal({ urls: [url('/ok')] })).toMatchObject({ code: 'impossible_transition' });
    await removal.run(jobId, { commandId: 'remove' });
    expect(await refusal({ urls: [url('/ok')] })).toMatchObject({ code: 'impossible_transition' });
  });
});
