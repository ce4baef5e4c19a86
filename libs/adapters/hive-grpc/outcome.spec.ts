import type { RenderRequest, RenderReport, WorkerAnswer } from '#libs/engine/ports';
import { resolvedJobSpec } from '#libs/events';
import { isBusy, outcomeOf } from './outcome.js';

const proxy = { spec: resolvedJobSpec.parse({ proxy: { provider: 'oxylabs' } }).proxy!, session: 'job.1' };
const request: RenderRequest = {
  ...{
    jobId: '0-job',
    url: 'http://shop.test/',
    userAgent: 'Test/1.0',
    timeoutMs: 30_000,
    maxBodyBytes: 1024,
  },
  ...{ maxRedirects: 1, signal: new AbortController().signal, proxy },
  how: { waitUntil: 'load', waitMs: 1, screenshot: false, har: false, scope: 'default' },
};
const report: RenderReport = {
  ...{
    finalUrl: 'http://shop.test/a',
    redirects: [],
    failureCode: '',
    screenshot: new Uint8Array(),
    har: '',
  },
  ...{ truncated: false, receivedBytes: 99 },
};
const answer = (over: Partial<WorkerAnswer> = {}, told: Partial<RenderReport> = {}): WorkerAnswer => ({
  ...{ code: 'none', message: '', statusCode: 200, content: '<p>page</p>', executionMs: 12 },
  ...{ headers: { 'content-type': 'text/html' }, contextId: '', rayId: '' },
  ...over,
  render: { ...report, ...told },
});
const timing = { startedAt: 1, durationMs: 2 };
const outcome = (over: Partial<WorkerAnswer> = {}, told: Partial<RenderReport> = {}) =>
  outcomeOf(answer(over, told), request, timing);
const nothing = { content: '', statusCode: 0, headers: {} };

describe('what an answer of the browser service says of a page', () => {
  it('a page is one like any other, in UTF-8, without cookies', () => {
    const headers = { 'content-type': 'text/html; charset=latin1', 'set-cookie': 'a=1', link: 'a\nb' };
    const redirects = [{ url: 'http://shop.test/', statusCode: 302, location: '/a' }];
    expect(
      outcome({ content: 'ä', headers }, { redirects, screenshot: Buffer.from('png'), har: '{}' }),
    ).toEqual({
      ...{ ok: true, statusCode: 200, finalUrl: 'http://shop.test/a', timing, receivedBytes: 99, ms: 12 },
      redirects: [{ ...redirects[0], ms: 0 }],
      headers: { 'content-type': 'text/html; charset=latin1', link: 'a, b' },
      ...{ contentType: 'text/html; charset=utf-8', raw: Buffer.from('ä'), body: Buffer.from('ä') },
      ...{ encoding: 'identity', truncated: false, retryAfterMs: null, missing: null },
      ...{ screenshot: Buffer.from('png'), har: Buffer.from('{}') },
    });
  });

  it('an error page of a site is a page, with its wish for a later try', () => {
    const headers = { 'content-type': 'text/html', 'retry-after': '7' };
    expect(outcome({ statusCode: 503, headers })).toMatchObject({ statusCode: 503, retryAfterMs: 7000 });
  });

  it.each([
    ['timeout_browser', 'complete'],
    ['selector_not_found', 'selector'],
  ] as const)('%s with content is a page that lacks something', (code, missing) =>
    expect(outcome({ code })).toMatchObject({ ok: true, missing }),
  );

  it.each([
    ['another type', { headers: { 'content-type': 'application/json' } }],
    ['a download', { code: 'network_error' as const, message: 'net::ERR_ABORTED', ...nothing }],
  ])('%s is no page', (_, over) => expect(outcome(over)).toEqual({ ok: null, receivedBytes: 99 }));

  it('holds the limit of redirects', () => {
    const hop = { url: 'http://shop.test/', statusCode: 302, location: '/a' };
    expect(outcome({}, { redirects: [hop, hop] })).toMatchObject({
      ...{ ok: false, code: 'too_many_redirects', statusCode: 310 },
    });
  });

  it.each<[string, Partial<WorkerAnswer>, string, string]>([
    ['a refused address', { code: 'invalid_url' }, 'blocked_address', 'blocked_address'],
    ['a bad URL', { code: 'invalid_url' }, '', 'invalid_url'],
    ['a name', { code: 'network_error', message: 'x net::ERR_NAME_NOT_RESOLVED' }, 'dns_error', 'dns_error'],
    ['a certificate', { code: 'network_error', message: 'x net::ERR_CERT_DATE_INVALID' }, '', 'tls_error'],
    ['slowness', { code: 'timeout_browser' }, 'timeout', 'timeout'],
    ['silence', { code: 'timeout_grpc' }, '', 'timeout'],
    ['a crash', { code: 'browser_error', message: 'The page of context x crashed (…)' }, '', 'render_failed'],
    ['a defect', { code: 'unknown' }, '', 'render_failed'],
  ])('%s is a failure of the page', (_, over, failureCode, code) =>
    expect(outcome({ ...nothing, ...over }, { failureCode })).toMatchObject({ ok: false, code, timing }),
  );

  it.each([
    'no_workers_available',
    'worker_unreachable',
    'terminating',
    'context_creation_failed',
    'scope_not_found',
    'session_not_found',
  ] as const)('%s says nothing of the page', (code) => {
    expect(() => outcome({ ...nothing, code })).toThrow(
      expect.objectContaining({ code: 'browser_unavailable' }),
    );
  });

  it('a tab that could not be made is not the page’s fault, and is worth another try', () => {
    const busy = answer({ ...nothing, code: 'browser_error', message: 'Failed to create tab' });
    expect(isBusy(busy)).toBe(true);
    expect(() => outcomeOf(busy, request, timing)).toThrow();
    expect(isBusy(answer({ code: 'scope_not_found' }))).toBe(false);
  });

  describe("the job's proxy", () => {
    const failed = {
      ...nothing,
      code: 'network_error' as const,
      message: 'net::ERR_PROXY_CONNECTION_FAILED',
    };
    it('that fails is told as it is without a browser', () => {
      expect(outcome(failed, { failureCode: 'proxy_auth' })).toMatchObject({
        ...{ ok: false, code: 'proxy_auth', vendorText: null, hint: expect.stringContaining('OXYLABS') },
        message: expect.not.stringContaining('net::'),
      });
    });
    it('stops the job also where only a part of the page met it', () => {
      expect(outcome({}, { failureCode: 'proxy_traffic_limit' })).toMatchObject({
        code: 'proxy_traffic_limit',
      });
    });
    it('is not blamed for one connection of a page that came', () => {
      expect(outcome({}, { failureCode: 'proxy_bad_gateway' })).toMatchObject({ ok: true });
      expect(outcome(failed, { failureCode: 'proxy_bad_gateway' })).toMatchObject({
        code: 'proxy_bad_gateway',
      });
    });
  });
});
