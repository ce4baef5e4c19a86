import type { EventData, RobotsVerdict, StoredEvent } from '#libs/events';
import { History } from '#libs/testing/history';
import type { OutcomeEvent } from './outcome.js';
import { heldBackUrls, pageIdOf, rowsOfOutcome } from './rows-of-outcome.js';

const URL = 'https://example.com/admin';
const hop = { url: 'https://example.com/a', statusCode: 302, location: '/b', ms: 3 };

const fetched = (over: Partial<EventData<'PageFetched'>> = {}): OutcomeEvent =>
  new History().fetched(URL, [], over).last as OutcomeEvent;
const failed = (over: Partial<EventData<'FetchFailed'>>): OutcomeEvent =>
  new History().add('FetchFailed', {
    ...{ url: URL, generation: 1, run: 1, try: 1, stage: 'page', depth: 0, attempt: 3 },
    ...{
      code: 'timeout',
      message: 'Request timeout after 30000ms',
      statusCode: 0,
      finalUrl: URL,
      redirects: [],
    },
    timing: { startedAt: 1000, durationMs: 30_000.4 },
    ...over,
  }).last as OutcomeEvent;
const skipped = (over: Partial<EventData<'PageSkipped'>>): OutcomeEvent =>
  new History().add('PageSkipped', {
    ...{ url: URL, generation: 1, run: 1, try: 1, stage: 'page', depth: 0 },
    ...{ code: 'skip_pattern', message: 'excluded', rule: 'exclude:/admin' },
    ...over,
  }).last as OutcomeEvent;

const disallowed: RobotsVerdict = {
  policy: 'mark',
  allowed: false,
  confidence: 'low',
  reason: 'Path disallowed by robots.txt: /admin',
  rule: 'Disallow: /admin',
};

const rowsOf = (event: StoredEvent) => rowsOfOutcome(event as OutcomeEvent, pageIdOf(event.jobId, 1, URL));
const typesOf = (event: StoredEvent) => rowsOf(event).evidence.map((row) => row.type);
const evidence = (event: StoredEvent, type: string) =>
  rowsOf(event).evidence.find((row) => row.type === type);

interface Row {
  event: OutcomeEvent;
  statusCode: number | null;
  error: string | null;
  types: string[];
  fetchError: { content: string; metadata: object } | null;
  response: { success: boolean; error: string | undefined; contentLength: number } | null;
}

const OF_RESPONSE = ['http_response', 'robots_check', 'http_headers', 'fetch_timing'];

const table: Record<string, Row> = {
  'network error': {
    event: failed({}),
    statusCode: 0,
    error: 'Request timeout after 30000ms',
    types: ['fetch_error', 'http_response', 'fetch_timing'],
    fetchError: {
      content: 'Request timeout after 30000ms',
      metadata: { errorType: 'fetch_error', statusCode: 0 },
    },
    response: { success: false, error: 'Request timeout after 30000ms', contentLength: 0 },
  },
  'HTTP 4xx': {
    event: fetched({ statusCode: 404, contentLength: 12 }),
    statusCode: 404,
    error: null,
    types: OF_RESPONSE,
    fetchError: null,
    response: { success: false, error: undefined, contentLength: 12 },
  },
  'HTTP 5xx': {
    event: fetched({ statusCode: 503, error: 'HTTP 503 after 3 attempts' }),
    statusCode: 503,
    error: 'HTTP 503 after 3 attempts',
    types: OF_RESPONSE,
    fetchError: null,
    response: { success: false, error: 'HTTP 503 after 3 attempts', contentLength: 10 },
  },
  '429 rate limit': {
    event: fetched({ statusCode: 429, error: 'HTTP 429 after 3 attempts' }),
    statusCode: 429,
    error: 'HTTP 429 after 3 attempts',
    types: OF_RESPONSE,
    fetchError: null,
    response: { success: false, error: 'HTTP 429 after 3 attempts', contentLength: 10 },
  },
  'too many redirects': {
    event: failed({
      ...{ code: 'too_many_redirects', message: 'Exceeded maximum redirects (10)', statusCode: 310 },
      redirects: Array.from({ length: 10 }, () => hop),
    }),
    statusCode: 310,
    error: 'Exceeded maximum redirects (10)',
    types: ['fetch_error', 'http_response', 'redirect_chain', 'fetch_timing'],
    fetchError: {
      content: 'Exceeded maximum redirects (10)',
      metadata: { errorType: 'fetch_error', statusCode: 310 },
    },
    response: { success: false, error: 'Exceeded maximum redirects (10)', contentLength: 0 },
  },
  'invalid redirect': {
    event: failed({
      code: 'invalid_redirect',
      message: 'Invalid redirect URL',
      statusCode: 302,
      redirects: [hop],
    }),
    statusCode: 302,
    error: 'Invalid redirect URL',
    types: ['fetch_error', 'http_response', 'redirect_chain', 'fetch_timing'],
    fetchError: { content: 'Invalid redirect URL', metadata: { errorType: 'fetch_error', statusCode: 302 } },
    response: { success: false, error: 'Invalid redirect URL', contentLength: 0 },
  },
  'robots blocked': {
    event: fetched({ robots: disallowed, contentLength: 0 }),
    statusCode: 200,
    error: 'Path disallowed by robots.txt: /admin',
    types: OF_RESPONSE,
    fetchError: null,
    response: { success: true, error: undefined, contentLength: 0 },
  },
  'skip pattern': {
    event: skipped({}),
    statusCode: null,
    error: null,
    types: ['fetch_error'],
    fetchError: {
      content: 'URL matches skip pattern',
      metadata: { errorType: 'fetch_error', statusCode: 0 },
    },
    response: null,
  },
};

describe.each(Object.entries(table))('%s', (_, row) => {
  test('has its status code and error on the page, or no page', () => {
    const { page } = rowsOf(row.event);
    expect(page?.statusCode ?? null).toBe(row.statusCode);
    expect(page?.metadata['error'] ?? null).toBe(row.error);
  });

  test('has exactly these kinds of evidence, all of this page', () => {
    expect(typesOf(row.event)).toEqual(row.types);
    const { evidence: rows } = rowsOf(row.event);
    expect(new Set(rows.map((r) => r.pageId))).toEqual(new Set([pageIdOf(row.event.jobId, 1, URL)]));
    expect(new Set(rows.map((r) => r.id)).size).toBe(rows.length);
  });

  test('fetch_error tells the error', () => {
    const found = evidence(row.event, 'fetch_error');
    expect(found ? { content: found.content, metadata: found.metadata } : null).toEqual(row.fetchError);
  });

  test('http_response tells the response, and the error only when there is one', () => {
    const found = evidence(row.event, 'http_response');
    if (!row.response) return expect(found).toBeUndefined();
    const content = JSON.parse(found!.content) as Record<string, unknown>;
    const { error, ...rest } = content;
    expect(error).toBe(row.response.error);
    expect(found!.metadata).toEqual(rest);
    expect(rest).toMatchObject({
      statusCode: row.statusCode,
      success: row.response.success,
      contentLength: row.response.contentLength,
    });
    expect(Object.keys(rest)).toEqual([
      'statusCode',
      'finalUrl',
      'contentType',
      'contentLength',
      'redirectCount',
      'success',
    ]);
  });
});

test('page metadata of a fetched page', () => {
  expect(rowsOf(fetched()).page!.metadata).toEqual({
    status: 'fetched',
    finalUrl: URL,
    contentType: 'text/html',
    contentLength: 10,
    redirectCount: 0,
    robotsBlocked: false,
    confidence: 'high',
    skipContentExtraction: false,
    fetchedAt: '1970-01-01T00:00:01.000Z',
    error: null,
  });
});

test('a page that robots.txt blocks is marked, with low confidence and no extraction', () => {
  const { page, evidence: rows } = rowsOf(fetched({ robots: disallowed }));
  expect(page).toMatchObject({
    robotsBlocked: true,
    metadata: { robotsBlocked: true, confidence: 'low', skipContentExtraction: true },
  });
  const check = rows.find((row) => row.type === 'robots_check')!;
  expect(JSON.parse(check.content)).toEqual(check.metadata);
  expect(check.metadata).toMatchObject({
    ...{ allowed: false, confidence: 'low', reason: disallowed.reason, rule: 'Disallow: /admin' },
  });
});

test('a page of a site that does not answer is not called blocked, one that a rule forbids is', () => {
  const blocked = (robots: RobotsVerdict) => rowsOf(failed({ robots })).page!.metadata['robotsBlocked'];
  expect(blocked({ ...disallowed, rule: null, unreachable: true })).toBe(false);
  expect(blocked(disallowed)).toBe(true);
});

test('a page that is skipped because robots.txt cannot be read has that verdict as evidence, no page and no fetch_error', () => {
  const robots: RobotsVerdict = { ...disallowed, policy: 'obey', rule: null, unreachable: true };
  const event = skipped({ code: 'robots_unreachable', robots });
  expect(rowsOf(event).page).toBeNull();
  expect(typesOf(event)).toEqual(['robots_check']);
  expect(evidence(event, 'robots_check')!.metadata).toMatchObject({ unreachable: true });
});

test('a page that robots.txt keeps from being requested has its verdict as evidence, no page and no fetch_error', () => {
  const event = skipped({ code: 'robots_disallowed', robots: { ...disallowed, policy: 'obey' } });
  expect(rowsOf(event).page).toBeNull();
  expect(typesOf(event)).toEqual(['robots_check']);
});

test('the redirect chain is kept hop by hop, only when there was a hop', () => {
  const chain = evidence(fetched({ redirects: [hop, hop] }), 'redirect_chain')!;
  expect(JSON.parse(chain.content)).toEqual([hop, hop]);
  expect(chain.metadata).toEqual({ redirectCount: 2, finalUrl: URL });
  expect(evidence(fetched(), 'redirect_chain')).toBeUndefined();
});

test('items become rows under the page', () => {
  const { items } = rowsOf(fetched({ items: [{ index: 0, data: { name: 'A' } }] }));
  expect(items).toMatchObject([{ pageId: pageIdOf('0-testjob00', 1, URL), index: 0, data: { name: 'A' } }]);
});

test('the same event gives the same rows', () => {
  expect(rowsOf(fetched())).toEqual(rowsOf(fetched()));
});

test('only links that a skip pattern held back count as held back, absolute', () => {
  const event = fetched({
    links: {
      follow: {},
      skip: { 'exclude:/login': ['/login', 'https://other.test/login'], 'off-host': ['https://x.test/'] },
    },
  });
  expect(heldBackUrls(event as OutcomeEvent<'PageFetched'>)).toEqual([
    'https://example.com/login',
    'https://other.test/login',
  ]);
});

describe('evidence of rendering', () => {
  const shot = { sha256: 'a', storedBytes: 3, encoding: 'identity' as const, contentType: 'image/png' };
  test('says whether a browser made the page, and names what was kept of it', () => {
    const event = fetched({ render: { mode: 'browser', reason: 'asked', ms: 12, screenshot: shot } });
    const metadata = { mode: 'browser', reason: 'asked', ms: 12, screenshotSha256: 'a' };
    expect(evidence(event, 'render')).toMatchObject({ metadata, content: JSON.stringify(metadata) });
  });
  test('is there only where a stage may use a browser', () => {
    expect(typesOf(fetched())).not.toContain('render');
    expect(evidence(fetched({ render: { mode: 'http', reason: 'readable' } }), 'render')).toMatchObject({
      metadata: { mode: 'http', reason: 'readable' },
    });
  });
});
