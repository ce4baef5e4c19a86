import { request as httpRequest } from 'node:http';
import { startTestApi, type TestApi } from './test-support.js';

let api: TestApi;
beforeEach(async () => void (api = await startTestApi()));
afterEach(() => api.close());

const spec = { start: ['http://site.invalid/'] };
const errorOf = async (response: Response) => {
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  return { status: response.status, ...error };
};

/** fetch does not let a Host header through. */
const askAs = (host: string): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const asked = httpRequest(
      { host: '127.0.0.1', port: api.port, path: '/health/live', headers: { host } },
      (answer) => {
        let body = '';
        answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
      },
    );
    asked.on('error', reject).end();
  });

describe('starting a job', () => {
  test('given a spec, then 201 with the id, the sequence and where to look', async () => {
    const response = await api.post('/api/jobs', spec);
    const body = await response.json();
    expect(response.status).toBe(201);
    expect(body).toMatchObject({ jobId: '0-job00000001', seq: 1, status: 'running', run: 1, generation: 1 });
    expect(body).toHaveProperty('links.self', '/api/jobs/0-job00000001');
  });

  test('given an Idempotency-Key, when the request is repeated, then it answers the same job', async () => {
    const key = { 'idempotency-key': 'order 17' };
    const [first, second] = [await api.post('/api/jobs', spec, key), await api.post('/api/jobs', spec, key)];
    const [a, b] = [await first.json(), await second.json()];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(b).toEqual(a);
    expect(api.eventLog.entries).toHaveLength(1);
  });

  test('given an Idempotency-Key that another body used, then 409 and no second job', async () => {
    const key = { 'idempotency-key': 'order 18' };
    await api.post('/api/jobs', spec, key);
    const other = await errorOf(await api.post('/api/jobs', { start: ['http://other.invalid/'] }, key));
    expect(other).toMatchObject({ status: 409 });
    expect(api.eventLog.entries).toHaveLength(1);
  });

  test.each([
    [{ start: ['http://site.invalid/'], concurency: 3 }, 'concurency'],
    [{ start: ['http://site.invalid/'], politeness: { perHost: 0 } }, 'politeness.perHost'],
    [{ start: ['ftp://site.invalid/'] }, 'start[0]'],
    [{}, 'start'],
    [{ pages: { template: 'http://site.invalid/', to: 3 } }, 'pages.template'],
    [[], ''],
  ])('given %j, then 400 names %s', async (body, field) => {
    const error = await errorOf(await api.post('/api/jobs', body));
    expect(error).toMatchObject({ status: 400, code: 'invalid_request', field });
    expect(error).toHaveProperty('issues.0.message');
    expect(error).toHaveProperty('hint', expect.any(String));
    expect(api.eventLog.entries).toHaveLength(0);
  });
});

describe('bodies', () => {
  test.each([
    ['{"start": [', 400],
    ['', 400],
    ['null', 400],
    [`{"start":${'['.repeat(200)}${']'.repeat(200)}}`, 400],
    [`${'['.repeat(5_000_000)}`, 400],
  ])('given the body of case %#, then a clean 400', async (body, status) => {
    const error = await errorOf(await api.post('/api/jobs', body));
    expect(error).toMatchObject({ status, code: 'invalid_request' });
    expect(JSON.stringify(error)).not.toMatch(/Error:|node_modules|position/);
  });

  test('given brackets within a string, then they do not count as depth', async () => {
    const response = await api.post('/api/jobs', { ...spec, name: `${'['.repeat(100)}\\"${'{'.repeat(50)}` });
    expect(response.status).toBe(201);
  });

  test('given a body over the limit, then 413', async () => {
    const small = await startTestApi({ bodyLimitBytes: 1000 });
    try {
      const error = await errorOf(
        await small.post('/api/jobs', { start: Array(100).fill('http://site.invalid/') }),
      );
      expect(error).toMatchObject({ status: 413, code: 'invalid_request', field: 'body' });
    } finally {
      await small.close();
    }
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json-patch+json'])(
    'given a change with content type %s, then 415 and nothing happens',
    async (type) => {
      const error = await errorOf(await api.post('/api/jobs', spec, { 'content-type': type }));
      expect(error).toMatchObject({ status: 415, field: 'Content-Type' });
      expect(api.eventLog.entries).toHaveLength(0);
    },
  );

  test('given a change without a body and content type, then 415: a foreign page could send it', async () => {
    const response = await fetch(`${api.url}/api/jobs/0-job00000001/stop`, { method: 'POST' });
    expect(response.status).toBe(415);
  });
});

describe('hosts', () => {
  test.each([
    'evil.invalid',
    'evil.invalid:8080',
    '127.0.0.1.evil.invalid',
    'localhost.evil.invalid',
    '10.0.0.1',
    'a b',
  ])('given a loopback server, when it is addressed as %s, then 403 without data', async (host) => {
    const answer = await askAs(host);
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body)).toHaveProperty('error.field', 'Host');
  });

  test.each(['localhost', 'LOCALHOST:1', '127.0.0.1:99', '127.9.9.9', '[::1]:80'])(
    'given a loopback server, when it is addressed as %s, then it answers',
    async (host) => expect((await askAs(host)).status).toBe(200),
  );

  test('given a configured name, then it answers to that, too', async () => {
    await api.close();
    api = await startTestApi({ allowedHosts: ['Spoor.Internal'] });
    expect((await askAs('spoor.internal:8080')).status).toBe(200);
    expect((await askAs('other.internal')).status).toBe(403);
  });
});

describe('queries', () => {
  test.each([
    ['/api/jobs?stauts=done', 'stauts'],
    ['/api/jobs?status=finished', 'status'],
    ['/api/jobs?limit=0', 'limit'],
    ['/api/jobs?limit=1001', 'limit'],
    ['/api/jobs?limit=', 'limit'],
    ['/api/jobs?limit=1e2', 'limit'],
    ['/api/jobs?limit=5&limit=6', 'limit'],
    ['/api/jobs?q=', 'q'],
    ['/api/jobs?__proto__=1', '__proto__'],
    ['/api/events?from=-1', 'from'],
    ['/api/projections/verify?format=csv', 'format'],
    ['/api/events?from=tomorrow', 'from'],
    ['/api/events?to=new', 'to'],
    ['/api/events?type=PageFetched,Nothing', 'type'],
    ['/api/events?type=', 'type'],
    ['/api/events?host=', 'host'],
    ['/api/events?reverse=1', 'reverse'],
    ['/api/events?limit=0', 'limit'],
    ['/api/events?format=sse&reverse=true', 'reverse'],
    ['/api/events?shard=1', 'shard'],
    ['/api/jobs/0-job00000001/pages?robotsBlocked=maybe', 'robotsBlocked'],
    ['/api/jobs/0-job00000001/pages?statusCode=9', 'statusCode'],
    ['/api/jobs/0-job00000001/pages?statusCode=0xx', 'statusCode'],
    ['/api/jobs/0-job00000001/evidence?pageId=x', 'pageId'],
    ['/api/jobs/0-job00000001/evidence?type=nope', 'type'],
    ['/api/jobs/0-job00000001/items?format=xml', 'format'],
    ['/health/live?verbose=1', 'verbose'],
  ])('given %s, then 400 names %s', async (path, field) => {
    const { status, body } = await api.get(path);
    expect({ status, field: body['error']?.['field'] }).toEqual({ status: 400, field });
  });

  test('given a value that is none of those there are, then the error names them', async () => {
    const { jobId } = (await (await api.post('/api/jobs', spec)).json()) as { jobId: string };
    const message = async (query: string): Promise<unknown> =>
      (await api.get(`/api/jobs/${jobId}/${query}`)).body['error']?.['message'];
    expect(await message('evidence?type=nope')).toMatch(/fetch_error, http_response, redirect_chain/);
    expect(await message('pages?statusCode=9')).toMatch(/503.*5xx.*\b0 for pages without a response/);
  });

  test.each(['0', '310', '503', '999', '5xx', '9xx'])(
    'given the status code %s, which is recorded, then it is asked for',
    async (code) => {
      const { jobId } = (await (await api.post('/api/jobs', spec)).json()) as { jobId: string };
      expect((await api.get(`/api/jobs/${jobId}/pages?statusCode=${code}`)).status).toBe(200);
    },
  );

  test.each(['nonsense', '0-job99999999', '0-JOB', '..%2f..', '9-job00000001', '%27%20OR%201=1', '%E0%A4%A'])(
    'given the job id %s, then 404 or 400, and in the error no more than that',
    async (id) => {
      for (const rest of [
        '',
        '/pages',
        '/items',
        '/evidence',
        '/events',
        '/events?format=sse',
        '/items?format=csv',
      ]) {
        const { status, body } = await api.get(`/api/jobs/${id}${rest}`);
        const [code, expected] = id === '%E0%A4%A' ? ['invalid_request', 400] : ['job_not_found', 404];
        expect({ rest, status, code: body['error']?.['code'] }).toEqual({ rest, status: expected, code });
      }
    },
  );

  test('given an unknown page of a job, then 404 not_found', async () => {
    await api.post('/api/jobs', spec);
    const { status, body } = await api.get('/api/jobs/0-job00000001/pages/17');
    expect([status, body['error']?.['code']]).toEqual([404, 'not_found']);
  });

  test('given an unknown path, then 404 in the same form', async () => {
    const { status, body } = await api.get('/api/nothing');
    expect([status, body['error']?.['code']]).toEqual([404, 'not_found']);
  });
});

describe('commands', () => {
  test('given a running job, when it is paused, resumed and stopped, then each answer and the job agree', async () => {
    await api.post('/api/jobs', spec);
    const path = '/api/jobs/0-job00000001';
    for (const [action, status, run] of [
      ['pause', 'paused', 1],
      ['resume', 'running', 2],
      ['stop', 'stopped', 2],
      ['restart', 'running', 3],
    ] as const) {
      const response = await api.post(`${path}/${action}`, { reason: `because ${action}` });
      const answer = (await response.json()) as Record<string, unknown>;
      expect({ action, code: response.status, ...answer }).toMatchObject({ action, code: 200, status, run });
      const { body } = await api.get(path);
      expect(body).toMatchObject({
        status,
        run,
        seq: answer['seq'],
        reason: `because ${action}`,
        counts: null,
      });
    }
  });

  test('given a job that does not run, when it is paused, then 409 with the reason', async () => {
    await api.post('/api/jobs', spec);
    await api.post('/api/jobs/0-job00000001/stop', {});
    const error = await errorOf(await api.post('/api/jobs/0-job00000001/pause', {}));
    expect(error).toMatchObject({ status: 409, code: 'impossible_transition' });
  });

  test('given a command repeated under its Idempotency-Key, then it is one decision', async () => {
    await api.post('/api/jobs', spec);
    const key = { 'idempotency-key': 'k1' };
    const answers = [
      await api.post('/api/jobs/0-job00000001/pause', {}, key),
      await api.post('/api/jobs/0-job00000001/pause', {}, key),
    ];
    expect(answers.map((a) => a.status)).toEqual([200, 200]);
    expect(api.eventLog.entries).toHaveLength(2);
  });

  test.each([
    [{ reson: 'x' }, 'reson'],
    [{ reason: 7 }, 'reason'],
    [{ changes: { politeness: { perHost: 0 } } }, 'changes.politeness.perHost'],
    [{ changes: { start: [] } }, 'changes.start'],
  ])('given a resume with %j, then 400 names %s', async (body, field) => {
    await api.post('/api/jobs', spec);
    await api.post('/api/jobs/0-job00000001/pause', {});
    expect(await errorOf(await api.post('/api/jobs/0-job00000001/resume', body))).toMatchObject({
      status: 400,
      field,
    });
  });
});

describe('what leaves', () => {
  test('given any answer, then it has the security headers and does not name the framework', async () => {
    for (const path of ['/health/live', '/api/nothing', '/api/jobs']) {
      const { headers } = await fetch(api.url + path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  test('given a defect, then 500 internal with a request id and nothing of the cause, which is in the log', async () => {
    api.readModels.failWith = new Error('password=hunter2 at 10.1.2.3');
    const response = await fetch(`${api.url}/api/jobs`);
    const text = await response.text();
    const id = response.headers.get('x-request-id');
    expect(response.status).toBe(500);
    expect(JSON.parse(text)).toEqual({
      error: { code: 'internal', message: expect.any(String), hint: expect.any(String), requestId: id },
    });
    expect(text).not.toMatch(/hunter2|10\.1|at /);
    expect(api.logged).toEqual([
      { message: 'request failed', details: expect.objectContaining({ requestId: id }) },
    ]);
  });

  test('given the docs, then the page loads its own parts and the document names every route', async () => {
    const page = await fetch(`${api.url}/api/docs`);
    const html = await page.text();
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    for (const [, asset] of html.matchAll(/(?:src|href)="(\.[^"]+)"/g)) {
      const loaded = await fetch(new URL(asset ?? '', `${api.url}/api/docs/`));
      expect([asset, loaded.status]).toEqual([asset, 200]);
    }
    const { status, body } = await api.get('/api/docs-json');
    expect(status).toBe(200);
    expect(Object.keys(body['paths'] ?? {}).sort()).toEqual(
      [
        '/api/events',
        '/api/jobs',
        ...['', '/events', '/evidence', '/items', '/pages', '/pages/{pageId}', '/pages/{pageId}/body'].map(
          (p) => `/api/jobs/{id}${p}`,
        ),
        ...['archive', 'diff', 'differences', 'explain', 'proof', 'replay', 'state'].map(
          (p) => `/api/jobs/{id}/${p}`,
        ),
        ...['fork', 'pause', 'restart', 'resume', 'retry', 'stop'].map((p) => `/api/jobs/{id}/${p}`),
        ...['control', 'dashboard'].map((p) => `/api/monitoring/${p}`),
        ...['start', 'status'].map((p) => `/api/segment/${p}`),
        '/api/projections',
        '/api/projections/verify',
        '/api/sessions',
        '/api/sessions/{id}',
        '/api/webhooks',
        ...['', '/deliveries', '/redeliver', '/test'].map((p) => `/api/webhooks/{id}${p}`),
        '/health',
        '/health/live',
        '/health/ready',
      ].sort(),
    );
    expect(JSON.stringify(body['paths'])).toContain('"name":"Idempotency-Key","in":"header"');
    const names = Object.keys((body['components'] as { schemas: object } | undefined)?.schemas ?? {});
    const refs = [...JSON.stringify(body).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref);
    expect(refs.length).toBeGreaterThan(10);
    for (const ref of refs) expect(names).toContain(ref?.replace('#/components/schemas/', ''));
  });
});

describe('retrying pages', () => {
  const start = async (): Promise<string> =>
    ((await (await api.post('/api/jobs', spec)).json()) as { jobId: string }).jobId;

  test.each([
    [{}, 'filter'],
    [{ filter: {} }, 'filter'],
    [{ filter: { statusCode: '5xxx' } }, 'filter.statusCode'],
    [{ filter: { errorCode: 'nonsense' } }, 'filter.errorCode'],
    [{ filter: { urlPattern: '[' } }, 'filter.urlPattern'],
    [{ filter: { statusCode: 503 }, colour: 1 }, 'colour'],
    [{ urls: ['nonsense'] }, 'urls[0]'],
  ])('given %j, then 400 names %s and nothing is appended', async (body, field) => {
    const jobId = await start();
    const error = await errorOf(await api.post(`/api/jobs/${jobId}/retry`, body));
    expect(error).toMatchObject({ status: 400, code: 'invalid_request', field });
    expect(api.eventLog.entries).toHaveLength(1);
  });

  test('given a job that does not exist, then 404', async () => {
    const body = { filter: { statusCode: 503 } };
    expect(await errorOf(await api.post('/api/jobs/0-nothere00/retry', body))).toMatchObject({ status: 404 });
  });

  test('given a page that does not exist, then neither it nor its body is found', async () => {
    const page = `/api/jobs/${await start()}/pages/00000000-0000-8000-8000-000000000000`;
    for (const path of [page, `${page}/body`, `${page.slice(0, -3)}/body`])
      expect(await api.get(path)).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
  });
});

describe('traces', () => {
  const started = async (traceparent?: string): Promise<string> => {
    await api.post('/api/jobs', spec, traceparent === undefined ? {} : { traceparent });
    return String((api.eventLog.entries.at(-1) as { traceparent?: string }).traceparent);
  };

  test('given the trace of a caller, then the event carries it; given nonsense or none, one of its own', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    expect(await started(traceparent)).toBe(traceparent);
    for (const header of [undefined, '00-zz', `00-${'0'.repeat(32)}-${'1'.repeat(16)}-00`])
      expect(await started(header)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(await started()).not.toBe(await started());
  });
});
