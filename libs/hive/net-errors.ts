import type { FailureCode } from '#libs/failures';

/** `net::ERR_…` of a browser's message about a navigation; null when it names none. */
export const netErrorOf = (message: string): string | null =>
  /net::ERR_[A-Z0-9_]+/.exec(message)?.[0] ?? null;

/** Of these the browser says only that its way to the outside ended; what that way says is the real reason. */
const ofTheWay = new Set([
  'net::ERR_TUNNEL_CONNECTION_FAILED',
  'net::ERR_EMPTY_RESPONSE',
  'net::ERR_CONNECTION_CLOSED',
  'net::ERR_CONNECTION_RESET',
  'net::ERR_PROXY_CONNECTION_FAILED',
  'net::ERR_ABORTED',
]);

export const hidesReason = (netError: string): boolean => ofTheWay.has(netError);

/** The page that stands for an error where the browser shows none of its own: headless ones leave it empty. */
export const errorPage = (netError: string): string =>
  `<html><body>${netError.replace(/^net::/, '').replace(/[^A-Z0-9_]/g, '')}</body></html>`;

const codes: readonly [RegExp, FailureCode][] = [
  [/NAME_NOT_RESOLVED|NAME_RESOLUTION/, 'dns_error'],
  [/CONNECTION_REFUSED/, 'connection_refused'],
  [/ADDRESS_UNREACHABLE|INTERNET_DISCONNECTED|NETWORK_CHANGED/, 'host_unreachable'],
  [/CONNECTION_TIMED_OUT|TIMED_OUT/, 'connect_timeout'],
  [/CERT|SSL/, 'tls_error'],
  [/TOO_MANY_REDIRECTS/, 'too_many_redirects'],
  [/INVALID_REDIRECT|UNSAFE_REDIRECT|UNKNOWN_URL_SCHEME/, 'invalid_redirect'],
  [/INVALID_RESPONSE|INVALID_HTTP_RESPONSE|RESPONSE_HEADERS|CONTENT_LENGTH_MISMATCH/, 'invalid_response'],
  [/CONTENT_DECODING/, 'decode_error'],
  [/INVALID_URL|UNSAFE_PORT|DISALLOWED_URL_SCHEME|BLOCKED_BY/, 'invalid_url'],
];

/** The engine's own word for an error of the browser. */
export const failureOfNetError = (netError: string): FailureCode =>
  codes.find(([pattern]) => pattern.test(netError))?.[1] ?? 'connection_reset';
