import type { Failure } from './failure.js';

const stops = (hint: string, grpc: Failure['grpc'] = 'UNAVAILABLE', http = 502): Failure => ({
  retry: 'backoff',
  stopsJob: true,
  recorded: 'none',
  http,
  grpc,
  hint,
});
const ofTheTarget = (hint: string, retry: Failure['retry']): Failure => ({
  retry,
  stopsJob: false,
  recorded: 'page+fetch_error',
  http: 502,
  grpc: 'FAILED_PRECONDITION',
  hint,
});

/** What a proxy can do to a request. All but the last two are the proxy's own fault, or its account's. */
export const proxyFailures = {
  proxy_auth: stops('Check user name and password of the proxy.', 'FAILED_PRECONDITION'),
  proxy_traffic_limit: stops(
    "The account's traffic or credit is used up: top it up with the provider.",
    'RESOURCE_EXHAUSTED',
  ),
  proxy_rate_limit: stops(
    'The account allows fewer sessions at once: lower politeness.concurrency, or ask the provider for more.',
    'RESOURCE_EXHAUSTED',
  ),
  proxy_config: stops(
    'The proxy does not take the request as it is: check country, session, port and account type.',
    'FAILED_PRECONDITION',
  ),
  proxy_bad_gateway: stops("The proxy is temporarily unavailable: wait, or look at the provider's status."),
  proxy_internal: stops("The proxy failed: wait, or look at the provider's status."),
  proxy_timeout: stops('The proxy got no answer in time: wait, or choose another exit.', 'DEADLINE_EXCEEDED'),
  proxy_no_exit: stops('The proxy has no exit for this request: check the country settings.'),
  proxy_refused: stops('Nothing listens at the address of the proxy: check host, port and whether it runs.'),
  proxy_dns_error: stops('The host name of the proxy does not resolve: check it.'),
  proxy_reset: stops('The proxy closed the connection: check that it runs, and the network on the way.'),
  proxy_connect_timeout: stops(
    'The proxy did not open the way in time: check it, or raise proxy.connectTimeoutMs.',
    'DEADLINE_EXCEEDED',
  ),
  proxy_tls: stops('The TLS connection to the proxy failed: check its certificate, and http:// or https://.'),
  proxy_invalid_response: stops('What answered is no HTTP proxy: check host and port.'),
  proxy_not_configured: stops(
    'Set what is named: in the environment, in .env or .env.local, or in the secrets file.',
    'FAILED_PRECONDITION',
    409,
  ),
  proxy_restricted_target: ofTheTarget('The proxy does not let this target be reached.', 'never'),
  proxy_target_unreachable: ofTheTarget('The proxy works, but it could not reach the target.', 'backoff'),
} as const satisfies Record<string, Failure>;

export type ProxyFailureCode = keyof typeof proxyFailures;
