import type { Failure } from './failure.js';
import { proxyFailures } from './proxy-table.js';

const network = (hint: string, grpc: Failure['grpc'] = 'UNAVAILABLE'): Failure => ({
  retry: 'backoff',
  stopsJob: false,
  recorded: 'page+fetch_error',
  http: 502,
  grpc,
  hint,
});
const final = (hint: string): Failure => ({ ...network(hint, 'FAILED_PRECONDITION'), retry: 'never' });
const refused = (http: number, grpc: Failure['grpc'], hint: string): Failure => ({
  retry: 'never',
  stopsJob: false,
  recorded: 'none',
  http,
  grpc,
  hint,
});

/** The one table of what can go wrong. Codes are public: in events, rows, API answers and docs. */
export const failures = {
  // The target could not be reached, or not understood.
  dns_error: network('Check the host name; the name did not resolve.'),
  connection_refused: network('Nothing listens there; check host and port.'),
  host_unreachable: network('There is no way to the host; check the address, or try again later.'),
  connection_reset: network(
    'The server closed the connection early; try again later or lower the concurrency.',
  ),
  connect_timeout: network('The server did not accept a connection in time.', 'DEADLINE_EXCEEDED'),
  timeout: network(
    'The server was too slow; raise limits.timeoutMs or lower the concurrency.',
    'DEADLINE_EXCEEDED',
  ),
  tls_error: final('The TLS connection failed; check the certificate of the site.'),
  invalid_response: network('What the server sent is not HTTP.'),
  decode_error: final('The body is not in the content-encoding that the server names.'),
  too_many_redirects: final('The redirects did not end within limits.maxRedirects.'),
  redirect_loop: final('The redirects lead back to where they began.'),
  invalid_redirect: final('The Location of a redirect is missing or no http(s) URL.'),
  blocked_address: final(
    'The address is not public. To crawl a site of your own: --allow-private, or SPOOR_ALLOW_PRIVATE=host:port.',
  ),
  invalid_url: final('Only http and https URLs without credentials can be fetched.'),
  worker_died: final('Worker after worker died over this page; it was not requested again.'),
  render_failed: network('The browser could not show the page; other pages it can, so look at this one.'),
  parse_error: final('The page could not be parsed.'),
  // There was a response; the code names why it is retried.
  http_429: { ...network('The site limits the rate; lower perHost or raise delayMs.'), recorded: 'page' },
  http_5xx: { ...network('The site failed; try again later.'), recorded: 'page' },
  // Not requested.
  robots_disallowed: { ...final('robots.txt disallows it; see the rule.'), recorded: 'evidence', http: 403 },
  robots_unreachable: {
    ...network('robots.txt could not be read, which forbids everything (RFC 9309); retry the page later.'),
    recorded: 'evidence',
    http: 403,
  },
  skip_pattern: { ...final('A skip pattern of the job matches the URL.'), recorded: 'evidence', http: 403 },
  ...proxyFailures,
  // Commands and queries.
  invalid_request: refused(400, 'INVALID_ARGUMENT', 'See the field that is named.'),
  unauthorized: refused(
    401,
    'UNAUTHENTICATED',
    'Send a key in X-API-Key: spoor key create --scopes admin makes one.',
  ),
  forbidden: refused(403, 'PERMISSION_DENIED', 'Use a key with the scope that is named, or with admin.'),
  job_not_found: refused(404, 'NOT_FOUND', 'Check the job id; `spoor job ls` lists all jobs.'),
  not_found: refused(404, 'NOT_FOUND', 'Check the id.'),
  impossible_transition: refused(
    409,
    'FAILED_PRECONDITION',
    "The job's status does not allow this; see the reason.",
  ),
  conflict: refused(409, 'ABORTED', 'Another command came first; look at the job again.'),
  store_unavailable: {
    ...refused(503, 'UNAVAILABLE', 'NATS or Postgres does not answer; nothing is lost, try again.'),
    retry: 'backoff',
  },
  browser_unavailable: {
    ...refused(
      503,
      'UNAVAILABLE',
      'No browser can be started; install Chromium, or name one in SPOOR_CHROMIUM.',
    ),
    retry: 'backoff',
  },
  log_full: {
    ...refused(
      507,
      'RESOURCE_EXHAUSTED',
      'The event log is full; make room or raise its limit, then resume.',
    ),
    retry: 'backoff',
  },
  internal: refused(
    500,
    'INTERNAL',
    'This is a defect of ours; please report it with the time and the job id.',
  ),
} as const satisfies Record<string, Failure>;

export type FailureCode = keyof typeof failures;

export const isFailureCode = (code: string): code is FailureCode => Object.hasOwn(failures, code);
