import { until } from '#libs/testing';
import { startTestApi, type TestApi } from './test-support.js';

const SPEC = { start: ['https://site.test/'] };
let api: TestApi;
let job: string;

beforeEach(async () => {
  api = await startTestApi();
  job = ((await (await api.post('/api/jobs', SPEC)).json()) as { jobId: string }).jobId;
});
afterEach(() => api.close());

test.each(['explain', 'state', 'proof', 'diff?from=1', 'replay', 'differences', 'archive'])(
  'given no such job, then %s answers 404',
  async (path) => {
    for (const id of ['0-nothing00', 'nonsense', '9-nothing00']) {
      const { status, body } = await api.get(`/api/jobs/${id}/${path}`);
      expect([id, status, body['error']]).toMatchObject([id, 404, { code: 'job_not_found' }]);
    }
  },
);

test.each([
  ['state?at=tomorrow', 'at'],
  ['state?at=', 'at'],
  ['state?at=99', 'at'],
  ['state?at=0', 'at'],
  ['state?at=1&at=2', 'at'],
  ['state?when=1', 'when'],
  ['diff', 'from'],
  ['diff?from=x', 'from'],
  ['diff?from=1&to=99', 'to'],
  ['diff?from=0&to=0', 'to'],
  ['explain?full=1', 'full'],
  ['proof?x=1', 'x'],
  ['replay?to=0', 'to'],
  ['replay?part=3&of=2', 'part'],
  ['replay?of=101', 'of'],
  ['replay?projection=state', 'projection'],
  ['differences?to=now', 'to'],
  ['archive?bodies=some', 'bodies'],
])('given %s, then it answers 400 and names %s', async (path, field) => {
  const { status, body } = await api.get(`/api/jobs/${job}/${path}`);
  expect([status, body['error']]).toMatchObject([400, { code: 'invalid_request', field }]);
});

test('given more events than fit in the memory of a server, then a replay is refused before a byte of it; up to one, or in parts, it is not', async () => {
  for (let seq = 2; seq <= 10_001; seq++)
    api.eventLog.add({
      ...{ unreadable: true, seq, storedAt: seq, subject: 's', jobId: job, type: null, id: `e${seq}` },
      reason: 'of no matter',
    });
  const { status, body } = await api.get(`/api/jobs/${job}/replay`);
  expect([status, body['error']]).toMatchObject([400, { code: 'invalid_request', field: 'to' }]);
  expect(body['error']).toMatchObject({ hint: expect.stringContaining('spoor replay') });
  for (const way of ['to=10000', 'part=1&of=2', 'part=2&of=2'])
    expect((await fetch(`${api.url}/api/jobs/${job}/replay?${way}`)).status).toBe(200);
});

test('given as many readers of whole histories as may be, then the next one is put off, until one is through', async () => {
  const gates: (() => void)[] = [];
  const found = { seq: 1, rows: {} as never, differing: 0, differences: [] };
  const other = await startTestApi(
    {},
    { replayAgainstLive: () => new Promise((done) => gates.push(() => done(found))) },
  );
  try {
    const made = (await (await other.post('/api/jobs', SPEC)).json()) as { jobId: string };
    const path = `/api/jobs/${made.jobId}`;
    const reading = [1, 2].map(() => other.get(`${path}/differences`));
    await until(() => gates.length === 2);
    for (const what of ['differences', 'replay'])
      expect(await other.get(`${path}/${what}`)).toMatchObject({
        ...{ status: 409, body: { error: { code: 'conflict' } } },
      });
    gates.forEach((open) => open());
    expect((await Promise.all(reading)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await fetch(`${other.url}${path}/replay`)).status).toBe(200);
  } finally {
    await other.close();
  }
});

test('given a job, then each tells of it, and the job links to them', async () => {
  const state = await api.get(`/api/jobs/${job}/state?at=1`);
  expect(state.body).toMatchObject({
    jobId: job,
    seq: 1,
    status: 'running',
    pages: { discovered: 1, open: 1 },
  });
  await api.post(`/api/jobs/${job}/stop`, { reason: 'enough' });
  const explain = await api.get(`/api/jobs/${job}/explain`);
  expect(explain.body).toMatchObject({
    status: 'stopped',
    reason: 'enough',
    waiting: [{ why: 'not-running' }],
  });
  const diff = await api.get(`/api/jobs/${job}/diff?from=1`);
  expect(diff.body).toMatchObject({ from: { seq: 1 }, to: { seq: 2 }, events: { JobStopped: 1 } });
  const whole = await api.get(`/api/jobs/${job}/diff?from=0`);
  expect(whole.body).toMatchObject({
    from: { seq: 0, storedAt: null },
    events: { JobStarted: 1, JobStopped: 1 },
  });
  const proof = await api.get(`/api/jobs/${job}/proof`);
  expect(proof.body).toMatchObject({ holds: true, pages: { discovered: 1, open: 1 } });
  const { body } = await api.get(`/api/jobs/${job}`);
  expect(body['links']).toMatchObject({
    explain: `/api/jobs/${job}/explain`,
    proof: `/api/jobs/${job}/proof`,
  });
});
