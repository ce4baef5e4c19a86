import type { RobotsVerdict } from '#libs/events';
import type { ProxyRoute } from './proxy.js';

export interface RobotsQuestion {
  url: string;
  userAgent: string;
  policy: 'mark' | 'obey' | 'ignore';
  maxCrawlDelayMs: number;
  signal: AbortSignal;
  /** As of the page's own request. */
  allowPrivate?: readonly string[] | undefined;
  proxy?: ProxyRoute | undefined;
}

/** RFC 9309, fetched once per scheme, host and port through the same egress as pages, cached with TTL and bound. */
export interface Robots {
  /** @throws ProxyFailedError: a proxy that fails says nothing about what the site allows */
  check(question: RobotsQuestion): Promise<RobotsVerdict>;
}
