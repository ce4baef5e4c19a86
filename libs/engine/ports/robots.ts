import type { RobotsVerdict } from '#libs/events';

export interface RobotsQuestion {
  url: string;
  userAgent: string;
  policy: 'mark' | 'obey' | 'ignore';
  maxCrawlDelayMs: number;
  signal: AbortSignal;
}

/** RFC 9309, fetched once per scheme, host and port through the same egress as pages, cached with TTL and bound. */
export interface Robots {
  check(question: RobotsQuestion): Promise<RobotsVerdict>;
}
