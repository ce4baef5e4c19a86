import type { ProxyProblem } from '#libs/engine/ports';
import type { ProxySpec } from '#libs/events';
import {
  failures,
  providerHint,
  proxyMessage,
  SpoorError,
  vendorTextOf,
  type FailureCode,
  type ProxyAnswer,
  type ProxyFailureCode,
} from '#libs/failures';
import { problemOf } from './problems.js';

/** What the proxy did instead of opening the way. Says nothing that a secret could be read from. */
export class ProxyFault extends Error {
  constructor(
    readonly problem: ProxyProblem,
    options?: ErrorOptions,
  ) {
    super(problem.message, options);
  }

  /** The proxy's own fault, not that of the target behind it. */
  get stopsJob(): boolean {
    return failures[this.problem.code].stopsJob;
  }
}

/** The fault among an error and its causes; null when there is none. */
export function faultOf(error: unknown): ProxyFault | null {
  let cause = error;
  for (let depth = 0; cause instanceof Error && depth < 5; depth++, cause = cause.cause)
    if (cause instanceof ProxyFault) return cause;
  return null;
}

type Provider = ProxySpec['provider'];

export const makeFault = (
  code: ProxyFailureCode,
  provider: Provider,
  statusCode = 0,
  vendorText: string | null = null,
): ProxyFault =>
  new ProxyFault({
    ok: false,
    code,
    statusCode,
    message: proxyMessage(code, provider, statusCode),
    vendorText,
    hint: providerHint(code, provider) ?? failures[code].hint,
  });

const hiders = (proxyUrl: string): string[] => {
  const { username, password } = new URL(proxyUrl);
  const parts = [username, password, decodeURIComponent(username), decodeURIComponent(password)];
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return [...parts, Buffer.from(pair).toString('base64')].filter((part) => part.length > 0);
};

/** A proxy may repeat what it was sent; nothing of its credentials is kept. */
export const scrubbed = (text: string | null, proxyUrl: string): string | null =>
  text === null ? null : hiders(proxyUrl).reduce((rest, secret) => rest.replaceAll(secret, '[hidden]'), text);

export const answerFault = (
  code: ProxyFailureCode,
  answer: ProxyAnswer,
  provider: Provider,
  proxyUrl: string,
): ProxyFault => makeFault(code, provider, answer.statusCode, scrubbed(vendorTextOf(answer), proxyUrl));

const BY_TRANSPORT: Partial<Record<FailureCode, ProxyFailureCode>> = {
  dns_error: 'proxy_dns_error',
  connection_refused: 'proxy_refused',
  host_unreachable: 'proxy_refused',
  connection_reset: 'proxy_reset',
  connect_timeout: 'proxy_connect_timeout',
  tls_error: 'proxy_tls',
  invalid_response: 'proxy_invalid_response',
};

/** What went wrong on the connection to the proxy itself. */
export function transportFault(error: unknown, provider: Provider): ProxyFault {
  const known = faultOf(error);
  if (known) return known;
  const { code } = problemOf(error);
  if (code === 'blocked_address')
    return new ProxyFault({
      ...makeFault('proxy_not_configured', provider).problem,
      message: 'The address of the proxy is not public',
      hint: 'A proxy at a private address is named by reference: {"env": "NAME"} or {"secret": "NAME"}.',
    });
  return makeFault(BY_TRANSPORT[code] ?? 'proxy_reset', provider);
}

/** What a resolver throws as the fault that it is. */
export function configurationFault(error: unknown): ProxyFault {
  if (!(error instanceof SpoorError)) throw error;
  const { code, message, hint } = error;
  return new ProxyFault({ ok: false, code, statusCode: 0, message, vendorText: null, hint });
}
