import type { FetchProblem, RenderOutcome, RenderRequest, WorkerAnswer } from '#libs/engine/ports';
import { canonicalUrl, type FetchTiming } from '#libs/events';
import {
  failures,
  isFailureCode,
  providerHint,
  proxyMessage,
  SpoorError,
  type FailureCode,
  type ProxyFailureCode,
} from '#libs/failures';
import { failureOfNetError, netErrorOf } from '#libs/hive';

/** Said of single connections as well as of the proxy: where the page itself came through it, they are no reason to stop a job. */
const OF_ONE_CONNECTION: ReadonlySet<FailureCode> = new Set([
  ...(['proxy_bad_gateway', 'proxy_internal', 'proxy_timeout', 'proxy_reset'] as const),
  ...(['proxy_invalid_response', 'proxy_no_exit'] as const),
]);

const isProxyFailure = (code: FailureCode): code is ProxyFailureCode => failures[code].stopsJob;

const MAX_HEADERS = 200;
const MAX_HEADER_CHARS = 4096;

/** The service could not take the page; it may in a moment. */
export function isBusy({ code, message }: WorkerAnswer): boolean {
  if (code === 'browser_error') return !message.includes('crashed');
  return ['no_workers_available', 'worker_unreachable', 'terminating', 'context_creation_failed'].includes(
    code,
  );
}

/** What an answer of the browser service says of a page. @throws SpoorError browser_unavailable when it says nothing of it */
export function outcomeOf(answer: WorkerAnswer, request: RenderRequest, timing: FetchTiming): RenderOutcome {
  const { code, message, render } = answer;
  const told = render && isFailureCode(render.failureCode) ? render.failureCode : null;
  const problem = (failure: FailureCode, words = message): FetchProblem =>
    problemOf(failure, words, answer, request, timing);
  const shown = answer.content !== '' && SHOWN.has(code);

  if (told !== null && isProxyFailure(told) && !(shown && OF_ONE_CONNECTION.has(told))) return problem(told);
  if (shown) return pageOf(answer, request, timing);
  switch (code) {
    case 'none':
    case 'selector_not_found':
    case 'skip_selector_found':
      // An empty document is a page, too.
      return pageOf(answer, request, timing);
    case 'invalid_url':
      return problem(told ?? 'invalid_url');
    case 'network_error': {
      const netError = netErrorOf(message) ?? '';
      // What a browser does with a download, or with an answer that has no content.
      if (netError === 'net::ERR_ABORTED' && told !== 'blocked_address')
        return { ok: null, receivedBytes: render?.receivedBytes ?? 0 };
      return problem(told ?? failureOfNetError(netError));
    }
    case 'timeout_browser':
    case 'timeout_grpc':
      return problem('timeout', `The page was not there within ${request.timeoutMs} ms`);
    case 'unknown':
      return problem('render_failed');
    case 'browser_error':
      if (!isBusy(answer)) return problem('render_failed', 'The page crashed the browser');
  }
  throw new SpoorError('browser_unavailable', `The browser service takes no page now: ${message}`);
}

const SHOWN: ReadonlySet<string> = new Set([
  'none',
  'selector_not_found',
  'skip_selector_found',
  'timeout_browser',
]);

function problemOf(
  code: FailureCode,
  words: string,
  { render }: WorkerAnswer,
  { url, proxy }: RenderRequest,
  timing: FetchTiming,
): FetchProblem {
  const base = {
    ok: false as const,
    code,
    statusCode: 0,
    finalUrl: url,
    redirects: redirectsOf(render),
    timing,
  };
  if (!isProxyFailure(code)) return { ...base, message: words };
  const provider = proxy?.spec.provider ?? 'generic';
  const hint = providerHint(code, provider) ?? failures[code].hint;
  return { ...base, message: proxyMessage(code, provider, 0), vendorText: null, hint };
}

const redirectsOf = (render: WorkerAnswer['render']) =>
  (render?.redirects ?? []).map(({ url, statusCode, location }) => ({
    ...{ url, statusCode, location: location === '' ? null : location, ms: 0 },
  }));

function pageOf(answer: WorkerAnswer, request: RenderRequest, timing: FetchTiming): RenderOutcome {
  const { code, content, executionMs, render } = answer;
  const redirects = redirectsOf(render);
  const headers = recorded(answer.headers);
  const type = (headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  const receivedBytes = render?.receivedBytes ?? 0;
  if (type !== '' && type !== 'text/html' && type !== 'application/xhtml+xml')
    return { ok: null, receivedBytes };
  const finalUrl = canonicalUrl(render?.finalUrl ?? '') ?? request.url;
  if (redirects.length > request.maxRedirects)
    return {
      ...{ ok: false, code: 'too_many_redirects', statusCode: 310, finalUrl, redirects, timing },
      message: `Exceeded maximum redirects (${request.maxRedirects})`,
    };
  const body = Buffer.from(content);
  const { screenshot, har } = render ?? {};
  return {
    ...{
      ok: true,
      statusCode: answer.statusCode || 200,
      finalUrl,
      redirects,
      headers,
      timing,
      receivedBytes,
    },
    ...{ contentType: 'text/html; charset=utf-8', raw: body, encoding: 'identity', body },
    truncated: render?.truncated ?? false,
    retryAfterMs: secondsOf(headers['retry-after']),
    ms: executionMs,
    missing: code === 'timeout_browser' ? 'complete' : code === 'selector_not_found' ? 'selector' : null,
    screenshot: screenshot?.length ? Buffer.from(screenshot) : null,
    har: har ? Buffer.from(har) : null,
  };
}

/** As those of pages without a browser: no cookies, repeated ones joined by a comma, bounded. */
function recorded(headers: Record<string, string>): Record<string, string> {
  const kept = Object.entries(headers)
    .filter(([name]) => !/^set-cookie2?$/i.test(name))
    .slice(0, MAX_HEADERS);
  return Object.fromEntries(
    kept.map(([name, value]) => [
      name.toLowerCase(),
      value.replaceAll('\n', ', ').slice(0, MAX_HEADER_CHARS),
    ]),
  );
}

const secondsOf = (value: string | undefined): number | null =>
  value !== undefined && /^\d{1,9}$/.test(value.trim()) ? Number(value) * 1000 : null;
