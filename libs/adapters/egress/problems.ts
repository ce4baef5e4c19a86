import type { FailureCode } from '#libs/failures';

export interface Problem {
  code: FailureCode;
  /** For people: no address, no library text. */
  message: string;
}

const problem = (code: FailureCode, message: string): Problem => ({ code, message });

export const problems = {
  invalidUrl: problem('invalid_url', 'Only http and https URLs without credentials can be fetched'),
  blocked: problem(
    'blocked_address',
    'The address is not public (one of your own is reached with --allow-private, or SPOOR_ALLOW_PRIVATE=host:port)',
  ),
  missingLocation: problem('invalid_redirect', 'Redirect without a Location'),
  invalidLocation: problem('invalid_redirect', 'Redirect to something that is no http(s) URL'),
  loop: problem('redirect_loop', 'Redirect loop'),
  decode: problem('decode_error', 'The body is not in the content-encoding that the server names'),
  protocol: problem('invalid_response', 'The answer is not valid HTTP'),
  upgrade: problem('invalid_response', 'The server switched to another protocol'),
  timeout: (ms: number) => problem('timeout', `Request timeout after ${ms}ms`),
  tooMany: (max: number) => problem('too_many_redirects', `Exceeded maximum redirects (${max})`),
};

const BY_CODE: Record<string, Problem> = {
  SPOOR_BLOCKED_ADDRESS: problems.blocked,
  ENOTFOUND: problem('dns_error', 'The host name does not resolve'),
  EAI_AGAIN: problem('dns_error', 'The host name could not be resolved'),
  EAI_FAIL: problem('dns_error', 'The host name could not be resolved'),
  EAI_NODATA: problem('dns_error', 'The host name does not resolve'),
  ENODATA: problem('dns_error', 'The host name does not resolve'),
  ESERVFAIL: problem('dns_error', 'The host name could not be resolved'),
  ECONNREFUSED: problem('connection_refused', 'Connection refused'),
  EHOSTUNREACH: problem('host_unreachable', 'The host cannot be reached'),
  ENETUNREACH: problem('host_unreachable', 'The network cannot be reached'),
  EHOSTDOWN: problem('host_unreachable', 'The host cannot be reached'),
  ETIMEDOUT: problem('connect_timeout', 'The connection attempt timed out'),
  ECONNRESET: problem('connection_reset', 'Connection closed by the server'),
  ECONNABORTED: problem('connection_reset', 'Connection closed by the server'),
  EPIPE: problem('connection_reset', 'Connection closed by the server'),
  ERR_STREAM_PREMATURE_CLOSE: problem('connection_reset', 'Connection closed by the server'),
  EPROTO: problem('tls_error', 'The TLS handshake failed'),
};

const TLS =
  /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_CERT|HOSTNAME_MISMATCH|INVALID_CA|CRL_)/;

/** What a transport error means, by its code alone; texts of libraries change and carry addresses. */
export function problemOf(error: unknown): Problem {
  let cause = error as { code?: unknown; cause?: unknown } | undefined;
  for (let depth = 0; cause && depth < 4; depth++, cause = cause.cause as typeof cause) {
    const code = typeof cause.code === 'string' ? cause.code : '';
    const known = BY_CODE[code];
    if (known) return known;
    if (TLS.test(code)) return problem('tls_error', 'The TLS connection could not be verified');
    if (code.startsWith('HPE_')) return problems.protocol;
    if (code === 'ERR_INVALID_URL') return problems.invalidUrl;
  }
  return problem('connection_reset', 'The connection failed');
}
