import type { ProxySpec } from '#libs/events';

/** The way that every request of a job with a proxy takes. */
export interface ProxyRoute {
  spec: ProxySpec;
  /** Names the job's run: requests of the same one share sessions, those of another never do. */
  session: string;
}

/** One member of the job's proxies, chosen for one request. */
export interface ProxyEndpoint {
  /** http(s)://user:password@host:port; never logged, never recorded. */
  url: string;
  /** Named by the operator, so its own address is not checked; one that stands in a spec is. */
  trusted: boolean;
  /** Sent with CONNECT. */
  headers: Record<string, string>;
  /** Requests with the same key may share a tunnel; null: each has its own, since the exit is chosen per tunnel. */
  tunnelKey: string | null;
}

export interface ProxyChoice {
  session: string;
  /** `host:port` of the target. */
  host: string;
  /** Counts the requests of the session, and the proxy failures that it has met. */
  request: number;
  failures: number;
}

/** Turns references into proxies; secrets are looked up again each time, so that mended ones need no restart. */
export interface ProxyResolver {
  /** @throws SpoorError proxy_not_configured, which names what is missing and never a value */
  resolve(spec: ProxySpec, choice: ProxyChoice): ProxyEndpoint;
}
