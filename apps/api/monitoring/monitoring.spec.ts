import { pageEventId, type StoredEvent } from '#libs/events';
import { History } from '#libs/testing/history';
import { startTestApi, type TestApi } from '../test-support.js';

const JOB = '0-job00000001';
const page = (n: number): string => `http://site.invalid/list?page=${n}`;
const spec = {
  pages: { template: 'http://site.invalid/list?page={page}', from: 1, to: 10 },
  stages: [
    { name: 'stage1_segmentation', follow: [{ stage: 'stage2_enrichment' }] },
    { name: 'stage2_enrichment' },
  ],
};

let api: TestApi;
beforeEach(async () => void (api = await startTestApi()));
afterEach(() => api.close());

const control = async (body: unknown, headers: Record<string, string> = {}) => {
  const response = await api.post('/api/monitoring/control', body, headers);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const act = (action: string) => control({ jobId: JOB, action });

/** A page fact as a worker writes it. */
function fetched(n: number, links: string[] = []): void {
  const follow = { stage2_enrichment: links };
  const { last } = new History(JOB).fetched(page(n), [], {
    stage: 'stage1_segmentation',
    links: { follow, skip: {} },
  });
  const seq = api.eventLog.entries.length + 1;
  api.eventLog.add({ ...last, id: pageEventId(JOB, 1, page(n), 1), seq } as StoredEvent);
}

function proxyFailed(n: number): void {
  const { last } = new History(JOB).add('ProxyFailed', {
    commandId: 'proxy-1',
    run: 1,
    url: page(n),
    page: n,
    code: 'proxy_auth',
    statusCode: 407,
    message: 'Proxy error: authentication failed (407).',
    vendorText: null,
    hint: 'Fix the credentials and resume the job.',
  });
  api.eventLog.add({ ...last, seq: api.eventLog.entries.length + 1 } as StoredEvent);
}

describe('POST /api/monitoring/control', () => {
  test.each([
    [{}, 'jobId and action are required'],
    [{ jobId: JOB }, 'jobId and action are required'],
    [{ action: 'stop' }, 'jobId and action are required'],
    [{ jobId: '', action: 'stop' }, 'jobId and action are required'],
    [{ jobId: 7, action: 'stop' }, 'jobId and action are required'],
    [
      { jobId: JOB, action: 'explode' },
      'Invalid action. Supported actions: stop, pause, resume, restart, status',
    ],
  ])('given %j, then 400 with its text', async (body, error) => {
    await api.post('/api/jobs', spec);
    expect(await control(body)).toMatchObject({ status: 400, body: { success: false, error } });
    expect(api.eventLog.entries).toHaveLength(1);
  });

  test('given an unknown job, then 404 Job not found', async () => {
    for (const jobId of ['0-nosuchjob00', '../../etc/passwd', '99-job00000001'])
      expect(await control({ jobId, action: 'stop' })).toMatchObject({
        status: 404,
        body: { success: false, error: 'Job not found', timestamp: expect.any(String) },
      });
  });

  test('given a body that is no JSON request, then it is refused as on every other route', async () => {
    const form = await fetch(`${api.url}/api/monitoring/control`, { method: 'POST', body: 'jobId=1' });
    expect(form.status).toBe(415);
  });

  test('given a job in error, when it is resumed, then the answer says where it goes on', async () => {
    await api.post('/api/jobs', spec);
    fetched(1, ['/c/1', '/c/2']);
    fetched(2);
    proxyFailed(3);
    const { status, body } = await act('resume');
    expect(status).toBe(200);
    expect(body).toEqual({
      success: true,
      message: 'Process resumed successfully',
      jobId: JOB,
      status: 'running',
      stage: 'stage1_segmentation',
      timestamp: expect.any(String),
      run: 2,
      generation: 1,
      lastPage: 2,
      nextPage: 3,
      resumeFrom: { stage1_segmentation: 2, stage2_enrichment: 0 },
    });
    expect(api.eventLog.entries.at(-1)).toMatchObject({
      type: 'JobResumed',
      data: {
        done: { stage1_segmentation: 2, stage2_enrichment: 0 },
        remaining: { stage1_segmentation: 8, stage2_enrichment: 2 },
        lastPage: 2,
        nextPage: 3,
      },
    });
  });

  test('given each status, then what cannot be is 409 with the reason, and appends nothing', async () => {
    await api.post('/api/jobs', spec);
    const refused = async (action: string, reason: string): Promise<void> => {
      const before = api.eventLog.entries.length;
      const { status, body } = await act(action);
      expect({ action, status, success: body['success'] }).toEqual({ action, status: 409, success: false });
      expect(body['error']).toContain(reason);
      expect(api.eventLog.entries).toHaveLength(before);
    };
    await refused('resume', 'because it is running');
    await refused('restart', 'because it is running');
    await act('pause');
    await refused('pause', 'because it is paused already');
    await act('stop');
    await refused('stop', 'because it is stopped already');
    await refused('pause', 'because it is stopped already');
    const pages = { discovered: 10, fetched: 10, failed: 0, skipped: 0, open: 0 };
    await act('resume');
    const { last } = new History(JOB).add('JobCompleted', {
      commandId: 'complete',
      run: 2,
      because: 'exhausted',
      pages,
    });
    api.eventLog.add({ ...last, seq: api.eventLog.entries.length + 1 } as StoredEvent);
    await refused('resume', 'because it is done');
    await refused('stop', 'because it is done');
  });

  test('given a restart, then it is a new generation that says so, and nothing is deleted', async () => {
    await api.post('/api/jobs', spec);
    fetched(1);
    await act('stop');
    const before = [...api.eventLog.entries];
    const { body } = await act('restart');
    expect(body).toMatchObject({ status: 'running', generation: 2, lastPage: 0, nextPage: 1 });
    expect(body['message']).toMatch(/^Process restarted successfully: generation 2 /);
    expect(api.eventLog.entries.slice(0, before.length)).toEqual(before);
  });

  test('given a command repeated under its Idempotency-Key, then it is one decision', async () => {
    await api.post('/api/jobs', spec);
    await act('stop');
    const key = { 'idempotency-key': 'again' };
    const answers = [
      await control({ jobId: JOB, action: 'resume' }, key),
      await control({ jobId: JOB, action: 'resume' }, key),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(api.eventLog.entries).toHaveLength(3);
  });

  test('given a stage that the job does not have, then 400 names those it has', async () => {
    await api.post('/api/jobs', spec);
    expect(await control({ jobId: JOB, action: 'stop', stage: 'stage9' })).toMatchObject({
      status: 400,
      body: { error: 'Invalid stage. Stages of this job: stage1_segmentation, stage2_enrichment' },
    });
    const answer = await control({ jobId: JOB, action: 'stop', stage: 'stage1_segmentation' });
    expect(answer.status).toBe(200);
  });

  test('given a history that is long to read, when the job is stopped, then the decision does not wait for it', async () => {
    await api.post('/api/jobs', spec);
    const read = api.eventLog.readJob.bind(api.eventLog);
    const lastWhenRead: (string | null)[] = [];
    api.eventLog.readJob = (...args) => {
      lastWhenRead.push(api.eventLog.entries.at(-1)?.type ?? null);
      return read(...args);
    };
    await act('stop');
    expect(lastWhenRead).toEqual(['JobStopped']);
  });

  test('given a defect, then 500 with nothing of the cause', async () => {
    await api.post('/api/jobs', spec);
    api.eventLog.readJob = () => {
      throw new Error('password=hunter2 at 10.1.2.3');
    };
    const { status, body } = await act('status');
    expect(status).toBe(500);
    expect(body).toMatchObject({ success: false, error: expect.any(String), timestamp: expect.any(String) });
    expect(JSON.stringify(body)).not.toMatch(/hunter2|10\.1|at /);
  });
});

describe('GET /api/segment/status', () => {
  const status = () => api.get(`/api/segment/status?jobId=${JOB}`);

  test('given a job that failed at page 3, then lastPage is 2 and all fields are there', async () => {
    await api.post('/api/jobs', spec);
    fetched(1, ['/c/1']);
    fetched(2);
    proxyFailed(3);
    expect((await status()).body).toEqual({
      id: JOB,
      jobType: 'segmentation',
      name: null,
      status: 'error',
      stage: 'stage1_segmentation',
      run: 1,
      generation: 1,
      lastPage: 2,
      nextPage: 3,
      processedCount: 2,
      totalCompanies: 1,
      totals: { known: 11, fetched: 2, failed: 0, skipped: 0, open: 9 },
      errorCount: 1,
      lastError: 'Proxy error: authentication failed (407).',
      lastErrorCode: 'proxy_auth',
      hint: 'Fix the credentials and resume the job.',
      reason: null,
      migrationStatus: 'pending',
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
      stats: { stage1_segmentation: 2, stage2_enrichment: 0 },
      seq: 4,
    });
  });

  test('given each page as it is recorded, then the very next answer has it', async () => {
    await api.post('/api/jobs', spec);
    expect((await status()).body).toMatchObject({ lastPage: 0, nextPage: 1 });
    for (let n = 1; n <= 10; n++) {
      fetched(n);
      expect((await status()).body).toMatchObject({ lastPage: n, nextPage: n < 10 ? n + 1 : null });
    }
  });

  test('given a job without pages, then lastPage is null', async () => {
    await api.post('/api/jobs', { start: ['http://site.invalid/'] });
    expect((await status()).body).toMatchObject({ jobType: 'crawl', lastPage: null, nextPage: null });
  });

  test('given a job that a person stopped, then lastError says so', async () => {
    await api.post('/api/jobs', spec);
    await control({ jobId: JOB, action: 'stop', reason: 'too late in the day' });
    expect((await status()).body).toMatchObject({
      status: 'stopped',
      lastError: 'Process stopped by user',
      reason: 'too late in the day',
    });
  });

  test('given no jobId, then 400; given an unknown one, then 404', async () => {
    expect(await api.get('/api/segment/status')).toMatchObject({
      status: 400,
      body: { success: false, error: 'jobId is required' },
    });
    expect(await api.get('/api/segment/status?jobId=0-nosuchjob00')).toMatchObject({
      status: 404,
      body: { success: false, error: 'Job not found' },
    });
  });
});

describe('POST /api/segment/start', () => {
  const start = async (body: unknown, headers: Record<string, string> = {}) => {
    const response = await api.post('/api/segment/start', body, headers);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  test('given a spec, then a job starts, once under one Idempotency-Key', async () => {
    const key = { 'idempotency-key': 'order 1' };
    const [first, second] = [await start(spec, key), await start(spec, key)];
    expect(first).toMatchObject({ status: 200, body: { success: true, message: 'Job started' } });
    expect(second.body['jobId']).toBe(first.body['jobId']);
    expect(api.eventLog.entries).toHaveLength(1);
  });

  test('given the jobId of a running job, then Job already running; of a stopped one, then it goes on', async () => {
    await start(spec);
    expect(await start({ jobId: JOB })).toMatchObject({
      status: 200,
      body: { message: 'Job already running' },
    });
    await act('stop');
    expect(await start({ jobId: JOB })).toMatchObject({
      status: 200,
      body: { message: 'Job resumed', status: 'running', resumeFrom: { stage1_segmentation: 0 } },
    });
    expect(api.eventLog.entries).toHaveLength(3);
  });

  test('given an unknown jobId, then 404; given a bad spec, then 400 with the field', async () => {
    expect(await start({ jobId: '0-nosuchjob00' })).toMatchObject({
      status: 404,
      body: { error: 'Job not found' },
    });
    const { status, body } = await start({ start: ['ftp://x'] });
    expect([status, body['error']]).toEqual([400, expect.stringContaining('start[0]')]);
  });
});

describe('GET /api/monitoring/dashboard and /api/sessions', () => {
  test('given no job, then the dashboard is idle and healthy', async () => {
    const { status, body } = await api.get('/api/monitoring/dashboard');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      jobId: null,
      status: 'idle',
      systemHealth: { status: 'healthy', engine: 'idle' },
    });
  });

  test('given a job that nobody runs, then its stages have their percentage and the engine is silent', async () => {
    await api.post('/api/jobs', spec);
    for (const n of [1, 2, 3]) fetched(n);
    const { body } = await api.get(`/api/monitoring/dashboard?jobId=${JOB}`);
    expect(body).toMatchObject({
      status: 'running',
      progress: { processed: 3, total: 10, percent: 30, rates: { pagesPerMinute: 0, errorsPerMinute: 0 } },
      estimates: { secondsLeft: null, finishesAt: null },
      stages: {
        stage1_segmentation: { status: 'running', done: 3, total: 10, percent: 30 },
        stage2_enrichment: { status: 'pending', done: 0, total: 0, percent: 0 },
      },
      systemHealth: { status: 'degraded', engine: 'silent' },
    });
  });

  test('given a session, then it says what can be done with it and what was decided', async () => {
    await api.post('/api/jobs', spec);
    await control({ jobId: JOB, action: 'stop', reason: 'enough' });
    const { status, body } = await api.get(`/api/sessions/${JOB}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      success: true,
      status: 'stopped',
      actions: ['resume', 'restart', 'status'],
    });
    expect(body['history']).toEqual([
      expect.objectContaining({ type: 'JobStarted', run: 1 }),
      expect.objectContaining({ type: 'JobStopped', reason: 'enough' }),
    ]);
    expect(await api.get('/api/sessions/0-nosuchjob00')).toMatchObject({ status: 404 });
    expect(await api.get('/api/sessions')).toMatchObject({ status: 200, body: { sessions: [], next: null } });
  });
});
