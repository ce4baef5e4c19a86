import type { ProxySpec } from '#libs/events';
import type { FailureCode } from '#libs/failures';

export interface ProxyProblem {
  ok: false;
  /** A code of the failure table, `proxy_…`. */
  code: FailureCode;
  /** Status of the proxy's answer; 0 without one. */
  statusCode: number;
  /** What went wrong, for people; no address, no credentials. */
  message: string;
  /** What the proxy itself said (`X-Error-Description`, `Proxy-Status`, …). */
  vendorText: string | null;
  hint: string;
}

/** Tries the way through a proxy to a host (CONNECT, and TLS for https) without requesting a page. Never goes direct. */
export interface ProxyCheck {
  /** @param jobId whose requests would go that way; it may be allowed targets that others are not */
  check(
    jobId: string,
    proxy: ProxySpec,
    targetUrl: string,
    signal?: AbortSignal,
  ): Promise<{ ok: true; ms: number } | ProxyProblem>;
}
