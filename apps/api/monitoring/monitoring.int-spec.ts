import type { AddressInfo } from 'node:net';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { newId, systemClock } from '#libs/adapters/system';
import { isUnreadable, pageEventId, type LogEntry, type NewJobEvent, type NewPageEvent } from '#libs/events';
import { JobHistories } from '#libs/engine/histories';
import { JobService } from '#libs/engine/jobs';
import type { ProxyCheck } from '#libs/engine/ports';
import { startTestNats, until, type TestNats } from '#libs/testing';
import { History } from '#libs/testing/history';
import { createApi } from '../index.js';
import { MemoryReadModels, WELL } from '../test-support.js';

const HANDLERS = 50;
const page = (n: number): string => `http://site.invalid/list?page=${n}`;
const spec = {
  pages: { template: 'http://site.invalid/list?page={page}', from: 1, to: 200 },
  stages: [{ name: 'list' }],
  proxy: { url: 'http://proxy.invalid:3128' },
};

let nats: TestNats;
let log: JetStreamHandle;
let app: Awaited<ReturnType<typeof createApi>>;
let url: string;
/** What the way through the proxy is like, and where it was tried to. */
let down: boolean;
let tried: { proxy: string; target: string }[];

const proxyCheck: ProxyCheck = {
  check: (_jobId, proxy, target) => {
    tried.push({ proxy: JSON.stringify(proxy.url), target });
    if (!down) return Promise.resolve({ ok: true, ms: 1 });
    const message = 'Proxy error: authentication failed (407).';
    const problem = {
      ok: false,
      code: 'proxy_auth',
      statusCode: 407,
      message,
      vendorText: null,
    } as const;
    return Promise.resolve({ ...problem, hint: 'Check the credentials.' });
  },
};

beforeAll(async () => {
  nats = await startTestNats();
  log = await connectLog({ url: nats.url, shards: 1, name: 'resume test', timeoutMs: 5000 });
  const { eventLog, progress } = log;
  const jobs = new JobService({ eventLog, clock: systemClock, newId, shards: 1, proxyCheck });
  app = await createApi({
    eventLog,
    progress,
    projection: () => Promise.reject(new Error('not part of this test')),
    readModels: new MemoryReadModels(),
    bodies: { get: () => Promise.resolve(null) },
    jobs,
    histories: new JobHistories({
      ...{ ...log, clock: systemClock, hashKey: [1, 2], shards: 1 },
      look: (jobId, view) => jobs.look(jobId, view),
    }),
    health: { look: async () => WELL },
    config: { host: '127.0.0.1', shards: 1 },
    log: { warn: () => undefined, error: () => undefined },
  });
  await app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
});
afterAll(async () => {
  await app.close();
  await log.close();
  await nats.stop();
});
beforeEach(() => {
  down = false;
  tried = [];
});

const post = async (path: string, body: unknown) => {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

async function history(jobId: string): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const batch of log.eventLog.readJob(jobId)) entries.push(...batch.entries);
  return entries;
}
const resumes = async (jobId: string): Promise<number> =>
  (await history(jobId)).filter((entry) => !isUnreadable(entry) && entry.type === 'JobResumed').length;

/** A job whose proxy failed at page 150, 1 to 149 fetched. */
async function failedAt150(): Promise<string> {
  const { body } = await post('/api/jobs', spec);
  const jobId = String(body['jobId']);
  const facts = Array.from({ length: 149 }, (_, i) => {
    const { type, data, time } = new History(jobId).fetched(page(i + 1), [], { stage: 'list' }).last;
    return { type, data, time, jobId, id: pageEventId(jobId, 1, page(i + 1), 1) } as NewPageEvent;
  });
  await Promise.all(facts.map((fact) => log.eventLog.publishPage(fact)));
  const { type, data, time } = new History(jobId).add('ProxyFailed', {
    ...{ commandId: 'proxy-1', run: 1, url: page(150), page: 150 },
    ...{ code: 'proxy_auth', statusCode: 407, message: 'Proxy error (407).', vendorText: null },
    hint: 'Check the credentials.',
  }).last;
  const failed = { type, data, time, jobId, id: `${jobId}:cmd:proxy-1` } as NewJobEvent;
  await log.eventLog.appendJob(failed, Number(body['seq']));
  return jobId;
}

describe('resume over HTTP, on the real log', () => {
  test.each([
    ['/api/jobs/:id/resume', (jobId: string) => [`/api/jobs/${jobId}/resume`, {}] as const],
    [
      '/api/monitoring/control',
      (jobId: string) => ['/api/monitoring/control', { jobId, action: 'resume' }] as const,
    ],
  ])(
    'given 50 at once by %s, then exactly one resumes and the others get 409 with the reason',
    async (_, ask) => {
      const jobId = await failedAt150();
      const [path, body] = ask(jobId);
      const answers = await Promise.all(Array.from({ length: HANDLERS }, () => post(path, body)));
      const refused = answers.filter(({ status }) => status === 409);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(refused).toHaveLength(HANDLERS - 1);
      for (const { body: answer } of refused)
        expect(JSON.stringify(answer)).toContain('because it is running');
      expect(await resumes(jobId)).toBe(1);
    },
  );

  test('given 50 at once by /api/segment/start, then one resumes and all are told that the job runs', async () => {
    const jobId = await failedAt150();
    const answers = await Promise.all(
      Array.from({ length: HANDLERS }, () => post('/api/segment/start', { jobId })),
    );
    const messages = answers.map(({ status, body }) => `${status} ${String(body['message'])}`).sort();
    expect(messages.slice(0, -1)).toEqual(Array(HANDLERS - 1).fill('200 Job already running'));
    expect(messages.at(-1)).toBe('200 Job resumed');
    expect(await resumes(jobId)).toBe(1);
  });

  test('given a proxy that is still down, then each way to resume is refused with its code and appends nothing', async () => {
    const jobId = await failedAt150();
    const before = await history(jobId);
    const head = await log.eventLog.head(0);
    down = true;
    const refused = [
      await post(`/api/jobs/${jobId}/resume`, {}),
      await post('/api/monitoring/control', { jobId, action: 'resume' }),
      await post('/api/segment/start', { jobId }),
    ];
    for (const { status, body } of refused) {
      expect(status).toBe(502);
      expect(JSON.stringify(body)).toContain('authentication failed (407)');
      expect(JSON.stringify(body)).toContain('Check the credentials.');
    }
    expect(tried.map(({ target }) => target)).toEqual(Array(3).fill(page(150)));
    expect(await history(jobId)).toEqual(before);
    expect(await log.eventLog.head(0)).toEqual(head);
    const status = await fetch(`${url}/api/segment/status?jobId=${jobId}`);
    expect(await status.json()).toMatchObject({ status: 'error', lastPage: 149, nextPage: 150 });

    down = false;
    const { body } = await post('/api/monitoring/control', { jobId, action: 'resume' });
    expect(body).toMatchObject({
      status: 'running',
      resumeFrom: { list: 149 },
      lastPage: 149,
      nextPage: 150,
    });
  });

  test('given a change of the proxy, then the way is tried through the new one, and what changes is recorded', async () => {
    const jobId = await failedAt150();
    const changes = { proxy: { url: 'http://other.invalid:8080' }, politeness: { perHost: 1 } };
    const { status, body } = await post(`/api/jobs/${jobId}/resume`, { changes, reason: 'a new provider' });
    expect([status, tried]).toEqual([200, [{ proxy: '"http://other.invalid:8080"', target: page(150) }]]);
    const diff = [
      { field: 'politeness.perHost', from: 2, to: 1 },
      { field: 'proxy.url', from: 'http://proxy.invalid:3128', to: 'http://other.invalid:8080' },
    ];
    expect(body).toMatchObject({
      diff,
      lastPage: 149,
      nextPage: 150,
      done: { list: 149 },
      remaining: { list: 51 },
    });
    expect((await history(jobId)).at(-1)).toMatchObject({
      type: 'JobResumed',
      data: { reason: 'a new provider', diff, lastPage: 149, nextPage: 150, done: { list: 149 } },
    });
  });

  test('given a dry run, then it tells what would happen and appends nothing, also when the proxy is down', async () => {
    const jobId = await failedAt150();
    const before = await history(jobId);
    const dry = { dryRun: true, changes: { politeness: { perHost: 1 } } };
    expect(await post(`/api/jobs/${jobId}/resume`, dry)).toMatchObject({
      status: 200,
      body: {
        wouldResume: true,
        nextUrl: page(150),
        lastPage: 149,
        done: { list: 149 },
        diff: [{ field: 'politeness.perHost', from: 2, to: 1 }],
        proxy: { ok: true },
      },
    });
    down = true;
    expect(await post(`/api/jobs/${jobId}/resume`, dry)).toMatchObject({
      status: 200,
      body: { wouldResume: false, proxy: { ok: false, statusCode: 407 } },
    });
    expect(await history(jobId)).toEqual(before);
  });

  test('given a job whose proxy is taken away by the resume, then no proxy is tried', async () => {
    const jobId = await failedAt150();
    down = true;
    const { status } = await post(`/api/jobs/${jobId}/resume`, { changes: { proxy: null } });
    expect([status, tried]).toEqual([200, []]);
  });
});

describe('dashboard', () => {
  test('given a coordinator that speaks of the job, then there are rates and a time left', async () => {
    const { body } = await post('/api/jobs', { ...spec, proxy: undefined });
    const jobId = String(body['jobId']);
    let fetched = 0;
    const speak = async (): Promise<Record<string, Record<string, unknown>>> => {
      fetched += 10;
      const counts = { discovered: 1000, fetched, failed: 0, skipped: 0, queued: 0, inFlight: 1, waiting: 0 };
      log.progress.publish({ jobId, status: 'running', run: 1, seq: 1, ...counts });
      const response = await fetch(`${url}/api/monitoring/dashboard?jobId=${jobId}`);
      return (await response.json()) as Record<string, Record<string, unknown>>;
    };
    const found = await until(
      async () => {
        const dashboard = await speak();
        return dashboard['estimates']?.['secondsLeft'] === null ? null : dashboard;
      },
      { what: 'an estimate' },
    );
    expect(found).toMatchObject({
      jobId,
      status: 'running',
      stage: 'list',
      progress: { processed: 0, total: 200, rates: { errorsPerMinute: 0 } },
      estimates: { finishesAt: expect.any(String) },
      systemHealth: { engine: 'ok', nats: 'ok' },
    });
  });
});
