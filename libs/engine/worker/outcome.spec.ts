import { resolveSpec } from '#libs/job';
import { catalogue } from '#libs/events';
import type { FailureCode } from '#libs/failures';
import type { FetchedResponse, FetchProblem } from '../ports/index.js';
import {
  disallowed,
  failed,
  fetched,
  keepsBody,
  NO_PAGE,
  outcomeId,
  retried,
  retriedForRobots,
  toEvent,
  workerDied,
} from './outcome.js';

const { spec } = resolveSpec({ start: ['http://shop.test/'] });
const robots = { policy: 'mark', allowed: true, confidence: 'high', reason: 'ok', rule: null } as const;
const timing = { startedAt: 1, durationMs: 2, ttfbMs: 1 };

const tryOf = (attempt = 1) => ({
  batch: { jobId: '0-aaaaaaaa', generation: 2, run: 3 },
  task: { url: 'http://shop.test/a', depth: 1, stage: 'page', try: 4, attempt },
});
const response = (statusCode: number, over: Partial<FetchedResponse> = {}): FetchedResponse => ({
  ok: true,
  statusCode,
  finalUrl: 'http://shop.test/a',
  redirects: [],
  headers: {},
  contentType: 'text/html',
  raw: Buffer.from('x'),
  encoding: 'identity',
  body: Buffer.from('x'),
  truncated: false,
  receivedBytes: 1,
  timing,
  retryAfterMs: null,
  ...over,
});
const problem = (code: FailureCode, statusCode = 0): FetchProblem => ({
  ok: false,
  code,
  message: 'what happened',
  statusCode,
  finalUrl: 'http://shop.test/a',
  redirects: [],
  timing,
});

describe('another attempt', () => {
  it.each<[string, number, string | null]>([
    ['200', 1, null],
    ['304', 1, null],
    ['404', 1, null],
    ['999', 1, null],
    ['429', 1, 'http_429'],
    ['429', 2, 'http_429'],
    ['429', 3, null],
    ['500', 1, 'http_5xx'],
    ['599', 2, 'http_5xx'],
    ['503', 3, null],
  ])('after HTTP %s at attempt %i: %s', (status, attempt, code) => {
    const draft = retried(tryOf(attempt), response(Number(status)), spec.retry, 0.5);
    expect(draft?.data.code ?? null).toBe(code);
    if (draft)
      expect(draft.data).toMatchObject({
        statusCode: Number(status),
        burned: true,
        message: `HTTP ${status}`,
      });
  });

  it.each<[FailureCode, boolean]>([
    ['dns_error', true],
    ['connection_refused', true],
    ['connection_reset', true],
    ['connect_timeout', true],
    ['timeout', true],
    ['invalid_response', true],
    ['tls_error', false],
    ['decode_error', false],
    ['too_many_redirects', false],
    ['redirect_loop', false],
    ['invalid_redirect', false],
    ['blocked_address', false],
    ['invalid_url', false],
  ])('after %s: %s', (code, again) => {
    expect(retried(tryOf(1), problem(code), spec.retry, 0.5) !== null).toBe(again);
    expect(retried(tryOf(3), problem(code), spec.retry, 0.5)).toBeNull();
  });

  it.each([
    [1, 0.5, null, 2000],
    [2, 0.5, null, 4000],
    [1, 0, null, 1500],
    [1, 0.999999, null, 2500],
    [2, 0.5, 1000, 4000],
    [1, 0.5, 9000, 9000],
    [1, 0.5, 3_600_000, 60_000],
    [1, 0.5, 0, 2000],
  ])('attempt %i with chance %d and Retry-After %p waits %i ms', (attempt, random, retryAfterMs, delayMs) => {
    const draft = retried(tryOf(attempt), response(503, { retryAfterMs }), spec.retry, random);
    expect(draft?.data.delayMs).toBe(delayMs);
    expect(draft?.data.retryAfterMs).toBe(retryAfterMs ?? undefined);
  });

  it('keeps every wait below the cap', () => {
    const draft = retried(tryOf(15), response(500), { attempts: 20, baseMs: 2000, maxMs: 60_000 }, 0.9);
    expect(draft?.data.delayMs).toBe(60_000);
  });
});

describe('a page that was the last of its workers', () => {
  it('is tried again while attempts are left, since they may have been cut off for another reason', () => {
    expect(workerDied(tryOf(2), spec.retry, 0.5)).toMatchObject({
      type: 'FetchRetried',
      data: { code: 'worker_died', attempt: 2, burned: true, delayMs: 4000 },
    });
    expect(workerDied(tryOf(3), spec.retry, 0.5)).toMatchObject({
      type: 'FetchFailed',
      data: { code: 'worker_died', attempt: 3 },
    });
  });
});

describe('robots.txt that cannot be read', () => {
  const away = { ...robots, policy: 'obey', allowed: false, reason: 'HTTP 503', unreachable: true } as const;

  it('is waited for while attempts are left', () => {
    expect(retriedForRobots(tryOf(2), away, spec.retry, 0.5)?.data).toMatchObject({
      ...{ code: 'robots_unreachable', message: 'HTTP 503', attempt: 2, burned: true, delayMs: 4000 },
    });
    expect(retriedForRobots(tryOf(3), away, spec.retry, 0.5)).toBeNull();
    expect(retriedForRobots(tryOf(1), { ...away, unreachable: undefined }, spec.retry, 0.5)).toBeNull();
  });

  it('is told apart from one that forbids', () => {
    expect(disallowed(tryOf(3), away).data.code).toBe('robots_unreachable');
    expect(disallowed(tryOf(3), { ...away, unreachable: undefined }).data.code).toBe('robots_disallowed');
  });
});

describe('the last word on a page', () => {
  it.each([
    [200, 1, null],
    [404, 1, null],
    [503, 3, 'HTTP 503 after 3 attempts'],
    [429, 1, 'HTTP 429 after 1 attempt'],
  ])('HTTP %i at attempt %i: error %p', (status, attempt, error) => {
    expect(fetched(tryOf(attempt), response(status), robots, NO_PAGE, undefined).data).toMatchObject({
      statusCode: status,
      attempt,
      error,
    });
  });

  it('has no content when the body was not read', () => {
    const { data } = fetched(
      tryOf(),
      response(200, { raw: null, body: null, receivedBytes: 0 }),
      robots,
      NO_PAGE,
      undefined,
    );
    expect(data).toMatchObject({ contentLength: 0, receivedBytes: 0 });
    expect(data).not.toHaveProperty('body');
  });

  it('keeps status and chain of a failure', () => {
    const redirects = [{ url: 'http://shop.test/a', statusCode: 302, location: '/a', ms: 1 }];
    const { data } = failed(tryOf(), { ...problem('redirect_loop', 310), redirects }, robots);
    expect(data).toMatchObject({ code: 'redirect_loop', statusCode: 310, redirects, robots, timing });
  });

  it('is what the catalogue takes, under one id for whatever happened', () => {
    const drafts = [
      fetched(tryOf(), response(200), robots, NO_PAGE, {
        sha256: 'x',
        storedBytes: 1,
        encoding: 'gzip',
        contentType: null,
      }),
      failed(tryOf(), problem('timeout'), robots),
      workerDied(tryOf(), spec.retry, 0.5),
      workerDied(tryOf(3), spec.retry, 0.5),
      disallowed(tryOf(), { ...robots, policy: 'obey', allowed: false, rule: 'Disallow: /' }),
      retried(tryOf(), response(500), spec.retry, 0)!,
      retriedForRobots(tryOf(), { ...robots, allowed: false, unreachable: true }, spec.retry, 0)!,
    ];
    for (const draft of drafts) {
      const event = toEvent(tryOf(), draft, 0, { eventId: 'cause', traceparent: '00-t-s-01' });
      expect(catalogue[event.type].data.parse(event.data)).toEqual(event.data);
      expect(event).toMatchObject({
        id: outcomeId(tryOf()),
        time: '1970-01-01T00:00:00.000Z',
        causationId: 'cause',
        traceparent: '00-t-s-01',
      });
      expect(event.data).toMatchObject({ generation: 2, run: 3, try: 4, stage: 'page', depth: 1 });
    }
  });
});

it.each([
  ['all', 200, true],
  ['all', 404, true],
  ['failed', 200, false],
  ['failed', 404, true],
  ['failed', 503, true],
  ['none', 503, false],
] as const)('bodies %s with HTTP %i: kept %s', (policy, status, kept) => {
  expect(keepsBody(policy, status)).toBe(kept);
});
