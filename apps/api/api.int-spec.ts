import type { AddressInfo } from 'node:net';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { openDatabase, type Database } from '#libs/adapters/postgres';
import { newId, systemClock } from '#libs/adapters/system';
import { JobHistories } from '#libs/engine/histories';
import { projectionStatus } from '#libs/engine';
import { JobService } from '#libs/engine/jobs';
import type { Position } from '#libs/engine/ports';
import { pageEventId, type LogEntry, type NewPageEvent } from '#libs/events';
import { fold, jobIdsOf, pageIdsOf, plan } from '#libs/read-models';
import { watchHealth } from '#libs/hosting';
import { createTestDatabase, startTestNats, until, type TestDatabase, type TestNats } from '#libs/testing';
import { History } from '#libs/testing/history';
import { createApi } from './index.js';

const PATIENCE = 60_000;
let nats: TestNats;
let store: TestDatabase;
let log: JetStreamHandle;
let database: Database;
let app: Awaited<ReturnType<typeof createApi>>;
let url: string;

beforeAll(async () => {
  [nats, store] = await Promise.all([startTestNats(), createTestDatabase()]);
  log = await connectLog({ url: nats.url, shards: 1, name: 'api test', timeoutMs: 5000 });
  database = await openDatabase(store.url);
  await database.migrate();
  const jobs = new JobService({ eventLog: log.eventLog, clock: systemClock, newId, shards: 1 });
  app = await createApi({
    eventLog: log.eventLog,
    progress: log.progress,
    projection: (shard) => projectionStatus(log.eventLog, database.projectionStore, shard),
    readModels: database.readModels,
    jobs,
    histories: new JobHistories({
      ...{ ...log, clock: systemClock, hashKey: [1, 2], shards: 1 },
      look: (jobId, view) => jobs.look(jobId, view),
    }),
    health: watchHealth({
      ...{ log, clock: systemClock, database: async () => database },
      // Nobody leads the jobs of these tests.
      config: { home: '.', shards: 1, leaseMs: PATIENCE, durability: 'fast', replicas: 1 },
      natsSync: null,
    }),
    config: { host: '127.0.0.1', shards: 1, heartbeatMs: 100 },
    log: { warn: () => undefined, error: () => undefined },
  });
  await app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
}, PATIENCE);

afterAll(async () => {
  await app.close();
  await log.close();
  await database.close();
  await Promise.all([nats.stop(), store.drop()]);
}, PATIENCE);

const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const get = async <T = Record<string, unknown>>(path: string) => {
  const response = await fetch(url + path);
  return { status: response.status, body: (await response.json()) as T };
};

const spec = (host: string) => ({
  name: `crawl of ${host}`,
  start: [`http://${host}/`],
  stages: [{ name: 'one', fields: { title: { selector: 'h1' }, price: { selector: '.p' } } }],
});
const startJob = async (host: string): Promise<string> =>
  String((await post('/api/jobs', spec(host))).body['jobId']);

/** A page fact as a worker writes it. */
async function fetched(jobId: string, pageUrl: string, title: string): Promise<number> {
  const items = [0, 1].map((index) => ({ index, data: { title: `${title} ${index}`, price: '=1+1' } }));
  const { type, data, time } = new History(jobId).fetched(pageUrl, [], { title, items, stage: 'one' }).last;
  const event = { type, data, time, jobId, id: pageEventId(jobId, 1, pageUrl, 1) } as NewPageEvent;
  return (await log.eventLog.publishPage(event)).seq;
}

let position: Position | null = null;
/** Brings the read models to the log's head. */
async function project(): Promise<void> {
  const { stream } = await log.eventLog.head(0);
  const expected: Position = position ?? { stream, seq: 0, eventId: null };
  const entries: LogEntry[] = [];
  for await (const batch of log.eventLog.readShard(0, { fromSeq: expected.seq + 1 }))
    entries.push(...batch.entries);
  const last = entries.at(-1);
  if (!last) return;
  const next: Position = { stream, seq: last.seq, eventId: last.id };
  await database.projectionStore.commit({
    shard: 0,
    expected,
    next,
    jobIds: jobIdsOf(entries),
    fold: async ({ jobs, parkedJobs, pages }) => {
      const steps = plan(entries, jobs);
      const state = { jobs, parkedJobs, pages: await pages(pageIdsOf(steps)) };
      return fold(steps, state, { shard: 0, codeVersion: 'test' });
    },
  });
  position = next;
}

/** Ids of a live stream, as they come. */
function tail(path: string) {
  const ended = new AbortController();
  const ids: number[] = [];
  const reading = (async () => {
    const response = await fetch(url + path, {
      headers: { accept: 'text/event-stream' },
      signal: ended.signal,
    });
    let text = '';
    for await (const bytes of response.body ?? []) {
      text += Buffer.from(bytes as Uint8Array).toString();
      const frames = text.split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames)
        ids.push(...[...frame.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)));
    }
  })().catch(() => undefined);
  return { ids, leave: () => (ended.abort(), reading) };
}

test(
  'given a job with pages, when they are projected, then every list answers from the real stores',
  async () => {
    const jobId = await startJob('lists.invalid');
    const seqs: number[] = [];
    for (let i = 0; i < 7; i++) seqs.push(await fetched(jobId, `http://lists.invalid/${i}`, `Page ${i}`));
    await project();

    const job = (await get(`/api/jobs/${jobId}`)).body;
    expect(job).toMatchObject({
      status: 'running',
      counts: { fetched: 7, seq: seqs.at(-1), statusCodes: { 200: 7 } },
    });
    const listed = await get<{ items: { jobId: string }[] }>('/api/jobs?q=of%20LISTS&status=running');
    expect(listed.body.items.map((row) => row.jobId)).toEqual([jobId]);

    const urls: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const path: string = `/api/jobs/${jobId}/pages?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const { body } = await get<{ items: { id: string; url: string }[]; next: string | null }>(path);
      urls.push(...body.items.map((page) => page.url));
      cursor = body.next;
    }
    expect(urls).toEqual(Array.from({ length: 7 }, (_, i) => `http://lists.invalid/${i}`));

    const pages = await get<{ items: { id: string }[] }>(`/api/jobs/${jobId}/pages?q=Page%203`);
    const one = await get<{ evidence: { type: string }[] }>(
      `/api/jobs/${jobId}/pages/${pages.body.items[0]?.id}`,
    );
    expect(one.body.evidence.map((row) => row.type)).toContain('http_response');
    const evidence = await get<{ items: unknown[] }>(`/api/jobs/${jobId}/evidence?type=http_response`);
    expect(evidence.body.items).toHaveLength(7);

    const lines = (await (await fetch(`${url}/api/jobs/${jobId}/items?format=ndjson`)).text())
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { data: { title: string } }).data.title)).toEqual(
      Array.from({ length: 14 }, (_, i) => `Page ${Math.floor(i / 2)} ${i % 2}`),
    );
    const csv = (await (await fetch(`${url}/api/jobs/${jobId}/items?format=csv`)).text()).split('\r\n');
    expect(csv.slice(0, 2)).toEqual([
      '_url,_stage,_index,title,price',
      "http://lists.invalid/0,one,0,Page 0 0,'=1+1",
    ]);
    expect(csv).toHaveLength(16);
  },
  PATIENCE,
);

test.each(['pages', 'items', 'evidence'])(
  'given a cursor that no page of %s gave, then 400 names it',
  async (list) => {
    const jobId = await startJob(`${list}.invalid`);
    const { status, body } = await get(`/api/jobs/${jobId}/${list}?cursor=nonsense`);
    expect({ status, ...(body['error'] as object) }).toMatchObject({ status: 400, field: 'cursor' });
  },
);

test('given a command, when the job is read at once, then it shows it though the read model lags', async () => {
  const jobId = await startJob('lag.invalid');
  await project();
  const paused = await post(`/api/jobs/${jobId}/pause`, { reason: 'lunch' });
  const { body } = await get(`/api/jobs/${jobId}`);
  expect(body).toMatchObject({ status: 'paused', reason: 'lunch', seq: paused.body['seq'] });
  expect((body['counts'] as { seq: number }).seq).toBeLessThan(Number(paused.body['seq']));
});

test('given twenty equal starts at once under one Idempotency-Key, then there is one job', async () => {
  const key = { 'idempotency-key': `key ${newId()}` };
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => post('/api/jobs', spec('twenty.invalid'), key)),
  );
  expect(new Set(answers.map((answer) => `${answer.status} ${JSON.stringify(answer.body)}`)).size).toBe(1);
  expect(answers[0]?.status).toBe(201);
  const { body } = await get<{ items: unknown[] }>(`/api/jobs/${String(answers[0]?.body['jobId'])}/events`);
  expect(body.items).toHaveLength(1);
});

test('given a job, when it is forked twice under one key, then there is one fork with its history, and the job is as before', async () => {
  const jobId = await startJob('fork.test');
  const at = await fetched(jobId, 'http://fork.test/', 'Fork');
  const before = (await get(`/api/jobs/${jobId}`)).body['seq'];
  const body = { at, changes: { politeness: { perHost: 1 } }, reason: 'slower' };
  const key = { 'idempotency-key': 'fork once' };
  const first = await post(`/api/jobs/${jobId}/fork`, body, key);
  expect(first).toMatchObject({
    status: 201,
    body: {
      ...{ status: 'running', run: 2, parent: { jobId, seq: at }, events: 2 },
      pages: { discovered: 1, fetched: 1, failed: 0, skipped: 0, open: 0 },
      diff: [{ field: 'politeness.perHost', from: 2, to: 1 }],
    },
  });
  expect((await post(`/api/jobs/${jobId}/fork`, body, key)).body).toMatchObject({
    jobId: first.body['jobId'],
    seq: first.body['seq'],
  });
  expect((await get(`/api/jobs/${jobId}`)).body['seq']).toBe(before);
  expect((await get(`/api/jobs/${String(first.body['jobId'])}`)).body).toMatchObject({ reason: 'slower' });
  expect(await post(`/api/jobs/${jobId}/fork`, { at: 'now' })).toMatchObject({
    status: 400,
    body: { error: { field: 'at' } },
  });
});

test('given a start list that travels beside the log, then bulk=false leaves it out', async () => {
  const start = Array.from({ length: 20_000 }, (_, i) => `http://bulk.invalid/${i}`);
  const { body } = await post('/api/jobs', { start });
  const path = `/api/jobs/${String(body['jobId'])}/events`;
  const startOf = async (query: string): Promise<number | undefined> =>
    (await get<{ items: { data: { start: string[] } }[] }>(path + query)).body.items[0]?.data.start.length;
  expect([await startOf(''), await startOf('?bulk=false')]).toEqual([20_000, 0]);
});

test('given a coordinator that tells its progress, then the job shows it', async () => {
  const jobId = await startJob('progress.invalid');
  const counts = { discovered: 9, fetched: 4, failed: 0, skipped: 0, queued: 3, inFlight: 2, waiting: 0 };
  const progress = { jobId, status: 'running', run: 1, seq: 5, ...counts };
  const seen = await until(async () => {
    log.progress.publish(progress);
    return (await get(`/api/jobs/${jobId}`)).body['progress'];
  });
  expect(seen).toEqual(progress);
});

test(
  'given a live stream, when NATS is killed and comes back, then nothing is missing and nothing comes twice',
  async () => {
    const jobId = await startJob('tail.invalid');
    const expected = [Number((await get(`/api/jobs/${jobId}`)).body['seq'])];
    for (let i = 0; i < 5; i++) expected.push(await fetched(jobId, `http://tail.invalid/${i}`, 'before'));
    const stream = tail(`/api/jobs/${jobId}/events`);
    await until(() => stream.ids.length === 6);

    await nats.kill9();
    const ready = await get('/health/ready');
    expect([ready.status, ready.body]).toMatchObject([
      503,
      { status: 'unavailable', nats: 'unavailable', postgres: 'ok' },
    ]);
    await nats.restart();
    await until(async () => (await get('/health/ready')).status === 200, { timeoutMs: 30_000 });

    for (let i = 5; i < 10; i++) expected.push(await fetched(jobId, `http://tail.invalid/${i}`, 'after'));
    await until(() => stream.ids.length >= 11, { timeoutMs: 30_000 });
    expect(stream.ids).toEqual(expected);
    await stream.leave();
  },
  PATIENCE,
);

test('given read models, then says how far they are and what waits', async () => {
  const { status, body } = await get<{ items: object[] }>('/api/projections');
  expect(status).toBe(200);
  const { lastSeq } = await log.eventLog.head(0);
  expect(body.items).toEqual([
    expect.objectContaining({ ...{ projection: 'read-models', shard: 0, lastSeq }, parked: [] }),
  ]);
});
