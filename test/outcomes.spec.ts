import pg from 'pg';
import { createTestDatabase, freePort, startTestNats, until } from '#libs/testing';
import type { TestDatabase, TestNats } from '#libs/testing';
import { OutcomeSite } from './support/outcome-site.js';
import { Home } from './support/spoor.js';

const PARTS = ['coordinator', 'projector', 'worker', 'api'];
const TIMEOUT_MS = 400;

interface PageSql {
  url: string;
  status_code: number;
  title: string | null;
  load_time: number | null;
  metadata: Record<string, unknown>;
}
interface EvidenceSql {
  url: string;
  page_id: string;
  type: string;
  content: string;
  metadata: Record<string, unknown>;
}

/** What the documents promise of one page: `undefined` in `page` means that there is no row. */
interface Expected {
  page: { status: number; error: string | null; redirects?: number; blocked?: true } | undefined;
  fetchError?: { content: string; statusCode: number };
  /** null: none. */
  response: { success: boolean; error?: string; contentLength?: number } | null;
  chain?: number;
}

describe('a crawl of a site that has every outcome', () => {
  let home: Home;
  let nats: TestNats;
  let database: TestDatabase;
  let sql: pg.Client;
  let site: OutcomeSite;
  let base: string;
  let closed: string;
  let jobId: string;

  beforeAll(async () => {
    [nats, database, site] = await Promise.all([
      startTestNats(),
      createTestDatabase(),
      new OutcomeSite().listen(),
    ]);
    closed = `http://127.0.0.1:${await freePort()}`;
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    home = new Home({
      NATS_URL: nats.url,
      DATABASE_URL: database.url,
      SPOOR_PORT: String(port),
      SPOOR_ALLOW_PRIVATE: '127.0.0.1',
      SPOOR_LOG_LEVEL: 'warn',
    });
    for (const part of PARTS) home.spoor(['run', part]);
    sql = new pg.Client({ connectionString: database.url });
    await sql.connect();
    await until(
      () =>
        fetch(`${base}/health/ready`).then(
          (r) => r.ok,
          () => false,
        ),
      {
        timeoutMs: 120_000,
        what: 'the api to be ready',
      },
    );
    jobId = await crawl({
      start: [
        ...['/ok', '/missing', '/forbidden', '/broken', '/limited', '/flaky', '/mended', '/silent', '/moved'],
        ...['/loop', '/hops/0', '/bad-location', '/no-location', '/blocked-location'],
        ...['/private/page', '/private/missing', '/private/open'],
      ]
        .map((path) => site.origin + path)
        .concat(`${closed}/gone`),
      scope: { exclude: ['/logout$'] },
    });
  }, 180_000);
  afterAll(async () => {
    await sql.end();
    await home.end();
    await site.close();
    await nats.stop();
    await database.drop();
  });

  const post = async (
    path: string,
    body: unknown,
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await fetch(base + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const get = async <T>(path: string): Promise<T> => (await (await fetch(base + path)).json()) as T;

  /** Until it is done and projected. */
  const finished = async (id: string, after = 0): Promise<void> => {
    const settled = async (): Promise<boolean> => {
      const { rows } = await sql.query('SELECT status, seq FROM spoor.job WHERE id = $1', [id]);
      return rows[0]?.status === 'done' && Number(rows[0].seq) > after;
    };
    await until(settled, { timeoutMs: 60_000, what: `job ${id} to be done` });
  };
  const crawl = async (spec: object): Promise<string> => {
    const { status, body } = await post('/api/jobs', {
      politeness: { delayMs: 0, perHost: 4, robots: 'mark' },
      retry: { baseMs: 60 },
      limits: { timeoutMs: TIMEOUT_MS },
      ...spec,
    });
    expect({ status, body }).toMatchObject({ status: 201 });
    await finished(String(body['jobId']));
    return String(body['jobId']);
  };
  const pageOf = async (id: string, url: string): Promise<PageSql | undefined> =>
    (
      await sql.query<PageSql>(
        'SELECT id, job_id, url, title, status_code, load_time, metadata FROM spoor.page WHERE job_id = $1 AND url = $2',
        [id, url],
      )
    ).rows[0];
  const evidenceOf = async (id: string, url: string): Promise<EvidenceSql[]> =>
    (
      await sql.query<EvidenceSql>(
        'SELECT id, job_id, page_id, url, type, content, metadata FROM spoor.evidence WHERE job_id = $1 AND url = $2',
        [id, url],
      )
    ).rows;

  const ALWAYS = ['http_response', 'robots_check', 'http_headers', 'fetch_timing'];
  const TIMED_OUT = `Request timeout after ${TIMEOUT_MS}ms`;
  const table: [string, string, Expected][] = [
    [
      'success',
      '/ok',
      { page: { status: 200, error: null }, response: { success: true, contentLength: 68 } },
    ],
    ['HTTP 404', '/missing', { page: { status: 404, error: null }, response: { success: false } }],
    ['HTTP 403', '/forbidden', { page: { status: 403, error: null }, response: { success: false } }],
    [
      'HTTP 5xx for ever',
      '/broken',
      {
        page: { status: 503, error: 'HTTP 503 after 3 attempts' },
        response: { success: false, error: 'HTTP 503 after 3 attempts' },
      },
    ],
    [
      '429 for ever',
      '/limited',
      {
        page: { status: 429, error: 'HTTP 429 after 3 attempts' },
        response: { success: false, error: 'HTTP 429 after 3 attempts' },
      },
    ],
    ['HTTP 500 once', '/flaky', { page: { status: 200, error: null }, response: { success: true } }],
    [
      'network error: timeout',
      '/silent',
      {
        page: { status: 0, error: TIMED_OUT },
        fetchError: { content: TIMED_OUT, statusCode: 0 },
        response: { success: false, error: TIMED_OUT, contentLength: 0 },
      },
    ],
    [
      'redirect',
      '/moved',
      { page: { status: 200, error: null, redirects: 1 }, response: { success: true }, chain: 1 },
    ],
    [
      'redirect loop',
      '/loop',
      {
        page: { status: 310, error: 'Redirect loop', redirects: 2 },
        fetchError: { content: 'Redirect loop', statusCode: 310 },
        response: { success: false, error: 'Redirect loop', contentLength: 0 },
        chain: 2,
      },
    ],
    [
      'more than 10 redirects',
      '/hops/0',
      {
        page: { status: 310, error: 'Exceeded maximum redirects (10)', redirects: 10 },
        fetchError: { content: 'Exceeded maximum redirects (10)', statusCode: 310 },
        response: { success: false, error: 'Exceeded maximum redirects (10)', contentLength: 0 },
        chain: 10,
      },
    ],
    ...(
      [
        ['an invalid Location', '/bad-location', 302, 'Redirect to something that is no http(s) URL'],
        ['no Location', '/no-location', 303, 'Redirect without a Location'],
        [
          'a Location that is refused',
          '/blocked-location',
          308,
          'The address is not public (one of your own is reached with --allow-private, or SPOOR_ALLOW_PRIVATE=host:port)',
        ],
      ] as const
    ).map(([name, path, status, error]): [string, string, Expected] => [
      `redirect error: ${name}`,
      path,
      {
        page: { status, error, redirects: 1 },
        fetchError: { content: error, statusCode: status },
        response: { success: false, error, contentLength: 0 },
        chain: 1,
      },
    ]),
    [
      'robots.txt disallows it',
      '/private/page',
      {
        page: { status: 200, error: 'Path disallowed by robots.txt: /private/page', blocked: true },
        response: { success: true, contentLength: 0 },
      },
    ],
    [
      'robots.txt disallows it and it is not there',
      '/private/missing',
      {
        page: { status: 404, error: 'Path disallowed by robots.txt: /private/missing', blocked: true },
        response: { success: false, contentLength: 0 },
      },
    ],
    [
      'skip pattern',
      '/logout',
      {
        page: undefined,
        fetchError: { content: 'URL matches skip pattern', statusCode: 0 },
        response: null,
      },
    ],
  ];

  const check = async (url: string, expected: Expected): Promise<void> => {
    const [row, evidence] = await Promise.all([pageOf(jobId, url), evidenceOf(jobId, url)]);
    const of = (type: string): EvidenceSql | undefined => evidence.find((one) => one.type === type);

    expect(evidence.filter(({ type }) => type === 'fetch_error')).toHaveLength(expected.fetchError ? 1 : 0);
    if (expected.fetchError) {
      const { content, statusCode } = expected.fetchError;
      expect(of('fetch_error')).toMatchObject({
        content,
        metadata: { errorType: 'fetch_error', statusCode },
      });
    }
    if (!expected.page) {
      expect(row).toBeUndefined();
      expect(evidence.map(({ type }) => type)).toEqual(['fetch_error']);
      return;
    }
    const { status, error, redirects = 0, blocked = false } = expected.page;
    expect(row).toMatchObject({
      status_code: status,
      metadata: { error, redirectCount: redirects, robotsBlocked: blocked, skipContentExtraction: blocked },
    });
    if (blocked) expect(row!.metadata['confidence']).toBe('low');

    const { success, error: told, contentLength } = expected.response!;
    const response = of('http_response')!;
    const content = JSON.parse(response.content) as Record<string, unknown>;
    expect(content['error']).toBe(told);
    expect(Object.hasOwn(content, 'error')).toBe(told !== undefined);
    const { error: _, ...rest } = content;
    expect(response.metadata).toEqual(rest);
    expect(Object.keys(rest).sort()).toEqual(
      ['contentLength', 'contentType', 'finalUrl', 'redirectCount', 'statusCode', 'success'].sort(),
    );
    expect(rest).toMatchObject({
      statusCode: status,
      success,
      redirectCount: redirects,
      ...(contentLength === undefined ? {} : { contentLength }),
    });
    expect(evidence.filter(({ type }) => type === 'http_response')).toHaveLength(1);

    const chain = of('redirect_chain');
    expect(chain ? (JSON.parse(chain.content) as unknown[]).length : undefined).toBe(expected.chain);
    const types = new Set(evidence.map(({ type }) => type));
    if (!expected.fetchError) for (const type of ALWAYS) expect(types).toContain(type);
    expect(types).toContain('robots_check');
  };

  test.each(table)('%s: page and evidence are as the documents say', async (_, path, expected) => {
    await check(site.origin + path, expected);
  });

  test('network error: nothing listens there', async () => {
    await check(`${closed}/gone`, {
      page: { status: 0, error: 'Connection refused' },
      fetchError: { content: 'Connection refused', statusCode: 0 },
      response: { success: false, error: 'Connection refused', contentLength: 0 },
    });
  });

  test('a page that robots.txt disallows was requested without its body; nothing on it is followed', async () => {
    const [check] = (await evidenceOf(jobId, `${site.origin}/private/page`)).filter(
      ({ type }) => type === 'robots_check',
    );
    const verdict = {
      allowed: false,
      confidence: 'low',
      reason: 'Path disallowed by robots.txt: /private/page',
      rule: 'Disallow: /private/',
    };
    expect(check!.metadata).toMatchObject(verdict);
    expect(JSON.parse(check!.content)).toEqual(check!.metadata);
    expect(site.asked.get('/private/page')).toBe(1);
    expect(site.asked.has('/private/linked')).toBe(false);
    expect(site.asked.has('/logout')).toBe(false);
  });

  test('the three queries of the documents find what they promise', async () => {
    const paths = async (query: string): Promise<string[]> =>
      (await sql.query<{ url: string }>(query, [jobId])).rows.map(({ url }) => new URL(url).pathname).sort();
    const blocked = ['/private/missing', '/private/page'];
    const errors = [
      '/bad-location',
      '/blocked-location',
      '/gone',
      '/hops/0',
      '/loop',
      '/no-location',
      '/silent',
    ];
    expect(
      await paths(
        `SELECT url FROM spoor.page WHERE job_id = $1 AND (status_code >= 400 OR metadata ->> 'error' IS NOT NULL)`,
      ),
    ).toEqual([...errors, ...blocked, '/broken', '/forbidden', '/limited', '/mended', '/missing'].sort());
    expect(await paths(`SELECT url FROM spoor.evidence WHERE job_id = $1 AND type = 'fetch_error'`)).toEqual(
      [...errors, '/logout'].sort(),
    );
    expect(
      await paths(`SELECT url FROM spoor.page WHERE job_id = $1 AND metadata -> 'robotsBlocked' = 'true'`),
    ).toEqual(blocked);
  });

  test('attempts are told with cause and timing, the body as a file that no browser shows', async () => {
    const rowOf = async (q: string): Promise<{ id: string }> =>
      (await get<{ items: { id: string }[] }>(`/api/jobs/${jobId}/pages?q=${q}`)).items[0]!;
    const found = await get<{ attempts: object[]; links: { body: string } }>(
      `/api/jobs/${jobId}/pages/${(await rowOf('/broken')).id}`,
    );
    const retried = { result: 'retried', code: 'http_5xx', message: 'HTTP 503', statusCode: 503 };
    expect(found.attempts).toMatchObject([
      { ...retried, attempt: 1, try: 1, retryDelayMs: expect.any(Number), durationMs: expect.any(Number) },
      { ...retried, attempt: 2, try: 2 },
      { result: 'fetched', attempt: 3, message: 'HTTP 503 after 3 attempts', retryDelayMs: null },
    ]);
    const body = await fetch(base + found.links.body);
    expect(await body.text()).toBe('<title>HTTP 503</title>');
    expect(body.headers.get('content-disposition')).toMatch(/^attachment; filename="/);
    expect(body.headers.get('x-content-type-options')).toBe('nosniff');
    expect(body.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/);
    const none = await rowOf('/private/page');
    expect((await fetch(`${base}/api/jobs/${jobId}/pages/${none.id}/body`)).status).toBe(404);
  });

  test('under obey a disallowed page is not requested: evidence, and no page', async () => {
    const before = site.asked.get('/private/page');
    const id = await crawl({
      start: [`${site.origin}/private/page`, `${site.origin}/private/open`],
      politeness: { delayMs: 0, robots: 'obey' },
    });
    const url = `${site.origin}/private/page`;
    expect(await pageOf(id, url)).toBeUndefined();
    expect((await evidenceOf(id, url)).map(({ type }) => type)).toEqual(['robots_check']);
    expect(site.asked.get('/private/page')).toBe(before);
    expect(await pageOf(id, `${site.origin}/private/open`)).toMatchObject({
      status_code: 200,
      title: 'Open',
    });
  });

  test('robots.txt that fails for a moment costs no page; one that stays away has its pages skipped in the end', async () => {
    const moment = await new OutcomeSite(
      (response, asked) => void response.writeHead(asked === 1 ? 503 : 404).end(),
    ).listen();
    const away = await new OutcomeSite((response) => void response.writeHead(500).end()).listen();
    try {
      const id = await crawl({
        start: [`${moment.origin}/ok-moved`, `${away.origin}/ok-moved`],
        politeness: { delayMs: 0, robots: 'obey' },
        retry: { baseMs: 700 },
      });
      expect(await pageOf(id, `${moment.origin}/ok-moved`)).toMatchObject({ status_code: 200 });
      expect(await pageOf(id, `${away.origin}/ok-moved`)).toBeUndefined();
      expect(away.asked.has('/ok-moved')).toBe(false);
      const [check] = await evidenceOf(id, `${away.origin}/ok-moved`);
      expect(check).toMatchObject({
        type: 'robots_check',
        metadata: { allowed: false, unreachable: true, reason: 'robots.txt answered HTTP 500' },
      });
      const { rows } = await sql.query('SELECT fetched, skipped, retries FROM spoor.job WHERE id = $1', [id]);
      expect(rows).toEqual([{ fetched: 1, skipped: 1, retries: 3 }]);
    } finally {
      await moment.close();
      await away.close();
    }
  });

  test('pages that are retried by hand start from 0, and their rows are replaced', async () => {
    const url = `${site.origin}/mended`;
    expect(await pageOf(jobId, url)).toMatchObject({ status_code: 502 });
    const counts = async (): Promise<object> =>
      (
        await sql.query('SELECT fetched, failed, skipped, status_codes, run FROM spoor.job WHERE id = $1', [
          jobId,
        ])
      ).rows[0] as object;
    const {
      fetched,
      failed,
      status_codes: codes,
    } = (await counts()) as {
      fetched: number;
      failed: number;
      status_codes: Record<string, number>;
    };

    const none = await post(`/api/jobs/${jobId}/retry`, { filter: { statusCode: 418 } });
    expect(none).toMatchObject({ status: 400, body: { error: { field: 'filter' } } });
    const plan = await post(`/api/jobs/${jobId}/retry`, {
      filter: { statusCode: '5xx', urlPattern: '/mended$' },
      dryRun: true,
    });
    expect(plan).toMatchObject({ status: 200, body: { dryRun: true, pages: 1, urls: [url] } });
    expect(await counts()).toMatchObject({ fetched, run: 1 });

    const { status, body } = await post(`/api/jobs/${jobId}/retry`, {
      filter: { errorCode: 'http_5xx', urlPattern: '/mended$' },
      reason: 'it was mended',
    });
    expect({ status, body }).toMatchObject({ status: 200, body: { status: 'running', run: 2, pages: 1 } });
    await finished(jobId, Number(body['seq']));
    expect(await pageOf(jobId, url)).toMatchObject({
      status_code: 200,
      title: 'Mended',
      metadata: { error: null },
    });
    expect(site.asked.get('/mended')).toBe(4);
    expect(await counts()).toMatchObject({
      ...{ fetched, failed, run: 2 },
      status_codes: {
        ...Object.fromEntries(Object.entries(codes).filter(([c]) => c !== '502')),
        200: codes['200']! + 1,
      },
    });
    const evidence = (await evidenceOf(jobId, url)).filter(({ type }) => type === 'http_response');
    expect(evidence).toMatchObject([{ metadata: { statusCode: 200, success: true } }]);
    const why = await home.run(['page', 'why', jobId, url]);
    expect(why).toMatchObject({ code: 0 });
    expect(why.stdout).toMatch(/fetched with HTTP 200; title: Mended/);
    expect(why.stdout.match(/try \d/g)).toEqual(['try 1', 'try 2', 'try 3', 'try 1']);
  });

  test('by command line: a failed page once more, and why others are as they are', async () => {
    const dry = await home.run([
      'job',
      'retry',
      jobId,
      '--error-code',
      'timeout',
      '--dry-run',
      '--output',
      'json',
    ]);
    expect(JSON.parse(dry.stdout)).toMatchObject({ dryRun: true, pages: 1, urls: [`${site.origin}/silent`] });
    const done = await home.run([
      'job',
      'retry',
      jobId,
      '--url',
      `${site.origin}/silent`,
      '--output',
      'json',
    ]);
    const { seq } = JSON.parse(done.stdout) as { seq: number };
    await finished(jobId, seq);
    expect(site.asked.get('/silent')).toBe(6);
    const unknown = await home.run(['job', 'retry', jobId, '--url', `${site.origin}/never-seen`]);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('urls[0]');

    const listed = await home.run(['page', 'ls', jobId, '--status', '4xx', '--output', 'json']);
    const rows = JSON.parse(listed.stdout) as { statusCode: number }[];
    expect(rows.map(({ statusCode }) => statusCode).sort()).toEqual([403, 404, 404, 429]);
    const why = async (path: string): Promise<string> =>
      (await home.run(['page', 'why', jobId, site.origin + path])).stdout;
    expect(await why('/logout')).toMatch(
      /held back.*\n.*first found on .*\/ok\n.*scope.exclude matches it \(\/logout\$\)/,
    );
    expect(await why('/never-seen')).toContain('not known');
    expect(await why('/hops/0')).toContain('Exceeded maximum redirects (10)');
    expect(await why('/private/page')).toContain('rule: Disallow: /private/');
  });
});
