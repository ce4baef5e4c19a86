import type { ProxyFailureCode } from './proxy-table.js';

export type ProxyProvider = 'generic' | 'oxylabs';

/** What a proxy said instead of opening the way. Header names are lower-case. */
export interface ProxyAnswer {
  statusCode: number;
  reason: string;
  headers: Readonly<Record<string, string | undefined>>;
  body: string;
}

type Rule = readonly [pattern: RegExp, code: ProxyFailureCode];
const first = (rules: readonly Rule[], text: string): ProxyFailureCode | undefined =>
  rules.find(([pattern]) => pattern.test(text))?.[1];

/** Headers that only a proxy sets, and what their values mean; no rule matching: the status decides. */
const MARKS: Record<string, readonly Rule[]> = {
  // Oxylabs: set on its own errors, never on those of a target.
  'x-error-description': [
    [/traffic limit/i, 'proxy_traffic_limit'],
    [/restricted target/i, 'proxy_restricted_target'],
    [/cannot connect to the target/i, 'proxy_target_unreachable'],
    [/session limit|too many (sessions|connections)/i, 'proxy_rate_limit'],
    [/no exit|no peers?\b/i, 'proxy_no_exit'],
    [/bad (gateway|response)/i, 'proxy_bad_gateway'],
    [/timed? ?out/i, 'proxy_timeout'],
  ],
  // Bright Data: a code whose first word says whose fault it is.
  'x-brd-err-code': [
    [/^target_/i, 'proxy_target_unreachable'],
    [/^policy_/i, 'proxy_restricted_target'],
    [/^(client|user)_(407|auth)/i, 'proxy_auth'],
  ],
  'x-brd-error': [],
  'x-luminati-error': [],
  'x-soax-error': [],
  'x-squid-error': [
    [/^ERR_CACHE_ACCESS_DENIED/, 'proxy_auth'],
    [/^ERR_ACCESS_DENIED/, 'proxy_restricted_target'],
    [/^ERR_(CANNOT_FORWARD|SOCKET_FAILURE|CONFLICT_HOST)/, 'proxy_bad_gateway'],
    [/^ERR_/, 'proxy_target_unreachable'],
  ],
  // RFC 9209, 2.3: error types.
  'proxy-status': [
    [/error="?(destination_ip_prohibited|http_request_denied)/, 'proxy_restricted_target'],
    [/error="?(proxy_|http_request_error|http_protocol_error)/, 'proxy_internal'],
    [/error="?(dns_|destination_|connection_|tls_|http_response_)/, 'proxy_target_unreachable'],
  ],
};

/** Reason and body of products that set no header of their own. */
const WORDS: readonly Rule[] = [
  [
    /bandwidth (limit )?exceeded|traffic limit|out of (credits|traffic)|quota exceeded/i,
    'proxy_traffic_limit',
  ],
  [/exit connection failed/i, 'proxy_bad_gateway'],
  [/no exit (node )?found|no peers? (available|found)/i, 'proxy_no_exit'],
];

const BY_STATUS: Record<number, ProxyFailureCode> = {
  401: 'proxy_auth',
  402: 'proxy_traffic_limit',
  403: 'proxy_restricted_target',
  407: 'proxy_auth',
  408: 'proxy_timeout',
  429: 'proxy_rate_limit',
  452: 'proxy_traffic_limit',
  500: 'proxy_internal',
  504: 'proxy_timeout',
  522: 'proxy_timeout',
  524: 'proxy_timeout',
  525: 'proxy_no_exit',
  // Apify: a target that has no name, refuses, resets, or breaks off; the account behind.
  593: 'proxy_target_unreachable',
  594: 'proxy_target_unreachable',
  595: 'proxy_target_unreachable',
  596: 'proxy_target_unreachable',
  597: 'proxy_auth',
};

const byStatus = (status: number): ProxyFailureCode =>
  BY_STATUS[status] ??
  (status >= 500 ? 'proxy_bad_gateway' : status >= 400 ? 'proxy_config' : 'proxy_invalid_response');

const isTinyproxy = ({ headers }: ProxyAnswer): boolean =>
  /^tinyproxy\b/i.test(headers['server'] ?? '') && headers['via'] === undefined;

/** The answer to a CONNECT, which only the proxy can have given; null when the way is open. */
export function connectFailure(answer: ProxyAnswer): ProxyFailureCode | null {
  const { statusCode, reason, headers, body } = answer;
  const opened = statusCode >= 200 && statusCode < 300;
  for (const [name, rules] of Object.entries(MARKS)) {
    const value = headers[name];
    if (value === undefined) continue;
    const code = first(rules, value);
    // Bright Data reports some errors under the status 200.
    if (code ?? /^x-brd-err/.test(name)) return code ?? (opened ? 'proxy_internal' : byStatus(statusCode));
  }
  if (opened) return null;
  if (statusCode === 500 && isTinyproxy(answer) && /unable to connect/i.test(reason))
    return 'proxy_target_unreachable';
  return first(WORDS, `${reason}\n${body}`) ?? byStatus(statusCode);
}

/**
 * The answer to a request that went through without a tunnel: null when it is the target's. Only marks of a proxy tell the two
 * apart, and a target can forge them; that is why tunnels are used where a proxy has them.
 */
export function forwardFailure(answer: ProxyAnswer, provider: ProxyProvider): ProxyFailureCode | null {
  const { statusCode, headers } = answer;
  const marked = Object.keys(MARKS).some(
    (name) => headers[name] !== undefined && (name !== 'proxy-status' || /error=/.test(headers[name])),
  );
  if (marked || isTinyproxy(answer)) return connectFailure(answer);
  const passedOn = headers['via'] !== undefined;
  if (passedOn) return null;
  const ownStatus = statusCode === 407 || (provider === 'oxylabs' && [522, 525].includes(statusCode));
  return ownStatus ? connectFailure(answer) : null;
}

/** What the proxy said of its own accord, still to be scrubbed of credentials; null when it gave only a status. */
export function vendorTextOf({ reason, headers, body }: ProxyAnswer): string | null {
  const marks = Object.keys(MARKS).flatMap((name) => headers[name] ?? []);
  const page = body.replace(/<(style|script)[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ');
  const text = marks.length > 0 ? marks.join('; ') : page.trim() || reason;
  // Control characters would forge lines in logs and terminals.
  // eslint-disable-next-line no-control-regex
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, ' ').trim();
  return clean === '' ? null : clean.slice(0, 300);
}

const WHAT: Record<ProxyFailureCode, string> = {
  proxy_auth: 'authentication failed',
  proxy_traffic_limit: 'traffic limit reached',
  proxy_rate_limit: 'session or rate limit reached',
  proxy_config: 'does not take the request',
  proxy_bad_gateway: 'answered that its gateway is bad',
  proxy_internal: 'reported an internal error',
  proxy_timeout: 'timed out on its way to the target',
  proxy_no_exit: 'found no exit',
  proxy_refused: 'refused the connection',
  proxy_dns_error: 'has a host name that does not resolve',
  proxy_reset: 'closed the connection',
  proxy_connect_timeout: 'did not answer in time',
  proxy_tls: 'broke the TLS handshake',
  proxy_invalid_response: 'answered with something that is no HTTP',
  proxy_not_configured: 'is not configured',
  proxy_restricted_target: 'does not allow this target',
  proxy_target_unreachable: 'could not reach the target',
};

/** `Oxylabs proxy authentication failed (407)`. */
export const proxyMessage = (code: ProxyFailureCode, provider: ProxyProvider, statusCode = 0): string =>
  `${provider === 'oxylabs' ? 'Oxylabs proxy' : 'Proxy'} ${WHAT[code]}${statusCode ? ` (${statusCode})` : ''}`;

const OXYLABS_HINTS: Partial<Record<ProxyFailureCode, string>> = {
  proxy_auth: 'Please check your OXYLABS_USERNAME and OXYLABS_PASSWORD.',
  proxy_no_exit: 'Please check OXYLABS_COUNTRY and OXYLABS_PROXY_TYPE: there is no exit for them now.',
  proxy_config: 'Please check OXYLABS_COUNTRY, OXYLABS_PORT and OXYLABS_PROXY_TYPE.',
  proxy_traffic_limit: 'The traffic of the Oxylabs account is used up: top it up in its dashboard.',
  proxy_bad_gateway: "Wait for a moment, or look at Oxylabs' status page.",
};

export const providerHint = (code: ProxyFailureCode, provider: ProxyProvider): string | undefined =>
  provider === 'oxylabs' ? OXYLABS_HINTS[code] : undefined;
