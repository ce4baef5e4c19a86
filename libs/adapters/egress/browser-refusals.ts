import type { EgressRefusal, ProxyProblem, RefusalKind } from '#libs/engine/ports';
import { parseUrl } from '#libs/events';
import type { FailureCode } from '#libs/failures';
import { targetOf } from './guard.js';
import { problemOf } from './problems.js';
import { faultOf } from './proxy-fault.js';

/** Refusals that are remembered of one page; a page may name any number of hosts. */
const MAX_REFUSALS = 200;

/** By their codes, as Chromium would have named them if it had opened the connection itself. */
const NET_ERRORS: Partial<Record<FailureCode, string>> = {
  blocked_address: 'net::ERR_BLOCKED_BY_ADMINISTRATOR',
  dns_error: 'net::ERR_NAME_NOT_RESOLVED',
  connection_refused: 'net::ERR_CONNECTION_REFUSED',
  host_unreachable: 'net::ERR_ADDRESS_UNREACHABLE',
  connect_timeout: 'net::ERR_CONNECTION_TIMED_OUT',
  timeout: 'net::ERR_TIMED_OUT',
  invalid_response: 'net::ERR_INVALID_HTTP_RESPONSE',
  proxy_target_unreachable: 'net::ERR_TUNNEL_CONNECTION_FAILED',
  proxy_restricted_target: 'net::ERR_TUNNEL_CONNECTION_FAILED',
};

const KINDS: Partial<Record<FailureCode, RefusalKind>> = { blocked_address: 'blocked', dns_error: 'dns' };

/** A cap of ours that a connection has reached. */
export class CapError extends Error {
  constructor(what: string) {
    super(`The page was cut off: ${what}`);
  }
}

/** `host:port` of a URL, the port always named. */
export function targetKey(url: string): string {
  const { hostname, port } = targetOf(url);
  return `${hostname}:${port}`;
}

/** What an error on the way to the URL's host says of it. */
export function refusal(url: string, error: unknown): EgressRefusal {
  const target = targetKey(url);
  if (error instanceof CapError)
    return {
      ...{ target, kind: 'limit', code: 'connection_reset', message: error.message },
      netError: 'net::ERR_CONNECTION_ABORTED',
    };
  const fault = faultOf(error);
  if (fault) {
    const { code, message } = fault.problem;
    const netError = NET_ERRORS[code] ?? 'net::ERR_PROXY_CONNECTION_FAILED';
    if (!fault.stopsJob) return { target, kind: 'unreachable', code, message, netError };
    return { target, kind: 'proxy', code, message, netError, problem: fault.problem };
  }
  const { code, message } = problemOf(error);
  const netError = NET_ERRORS[code] ?? 'net::ERR_CONNECTION_RESET';
  return { target, kind: KINDS[code] ?? 'unreachable', code, message, netError };
}

/** What went wrong on one page, the last word for each target. */
export class Refusals {
  private readonly byTarget = new Map<string, EgressRefusal>();
  private failedProxy: ProxyProblem | null = null;

  add(one: EgressRefusal): void {
    this.failedProxy ??= one.problem ?? null;
    this.byTarget.delete(one.target);
    if (this.byTarget.size < MAX_REFUSALS) this.byTarget.set(one.target, one);
  }

  of(url: string): EgressRefusal | null {
    return parseUrl(url) ? (this.byTarget.get(targetKey(url)) ?? null) : null;
  }

  all(): EgressRefusal[] {
    return [...this.byTarget.values()];
  }

  get proxyProblem(): ProxyProblem | null {
    return this.failedProxy;
  }

  forget(): void {
    this.byTarget.clear();
    this.failedProxy = null;
  }
}
