import type { FailureCode } from './table.js';
import { ScrapeError, type ScrapeCode } from './scrape-table.js';

const OF_FETCH: Partial<Record<FailureCode, ScrapeCode>> = {
  dns_error: 'dns_error',
  host_unreachable: 'host_unreachable',
  connect_timeout: 'timeout',
  timeout: 'timeout',
  decode_error: 'encoding_error',
  too_many_redirects: 'too_many_redirects',
  redirect_loop: 'too_many_redirects',
  invalid_redirect: 'redirect_error',
  blocked_address: 'url_blocked',
  invalid_url: 'invalid_url',
  parse_error: 'parsing_error',
  worker_died: 'internal_error',
};

/** Of a port where nobody listens, which is worth telling apart. */
const REFUSED = 'Connection refused. The target server rejected the connection.';

/**
 * What the client is told of a fetch that brought no response. Whatever is the fault of our proxy is a failed connection to
 * it: how we reach the world is none of its business.
 * @param redirected the failure came behind a redirect
 */
export function scrapeErrorOf(code: FailureCode, redirected: boolean): ScrapeError {
  if (code === 'connection_refused') return new ScrapeError('connection_error', REFUSED);
  const found = OF_FETCH[code] ?? 'connection_error';
  if (redirected && (found === 'url_blocked' || found === 'invalid_url'))
    return new ScrapeError('redirect_error');
  return new ScrapeError(found);
}

const OF_STATUS: Readonly<Record<number, string>> = {
  401: 'The target server requires authentication (HTTP 401).',
  403: 'Access to the target URL is forbidden (HTTP 403). You may not have permission to view it.',
  404: 'The target URL was not found (HTTP 404). Check the URL and try again.',
  429: 'The target server is limiting requests (HTTP 429). Try again later.',
};

/** A response whose status says that there is no content. */
export function scrapeErrorOfStatus(status: number): ScrapeError {
  const kind = status >= 500 ? 'a server error' : 'an error';
  const message = OF_STATUS[status] ?? `The target server returned ${kind} (HTTP ${status}).`;
  return new ScrapeError('http_error', message, { status_code: status });
}

/** Codes that the fetch of a page can end with; whatever else a fetcher elsewhere says is its own trouble. */
export const FETCH_CODES = [
  'url_blocked',
  'timeout',
  'dns_error',
  'connection_error',
  'host_unreachable',
  'http_error',
  'redirect_error',
  'too_many_redirects',
  'response_too_large',
  'empty_response',
  'invalid_json',
  'invalid_html',
  'encoding_error',
  'unsupported_content_type',
  'parsing_error',
] as const satisfies readonly ScrapeCode[];

/**
 * The error that a fetcher elsewhere has told of, in words of our own: what it says beside code and numbers is never repeated.
 * @param told.refused nobody listened at the target's port
 */
export function scrapeErrorTold(told: {
  code: (typeof FETCH_CODES)[number];
  refused?: boolean | undefined;
  statusCode?: number | undefined;
  maxBytes?: number | undefined;
  receivedBytes?: number | undefined;
}): ScrapeError {
  const { code, refused, statusCode, maxBytes, receivedBytes } = told;
  if (code === 'http_error' && statusCode !== undefined) return scrapeErrorOfStatus(statusCode);
  if (code === 'connection_error' && refused) return new ScrapeError(code, REFUSED);
  if (code !== 'response_too_large' || maxBytes === undefined) return new ScrapeError(code);
  return new ScrapeError(code, undefined, {
    max_bytes: maxBytes,
    received_bytes: receivedBytes ?? maxBytes + 1,
  });
}

/** The same error for the way back. */
export const isRefused = ({ message }: ScrapeError): boolean => message === REFUSED;
