import type { HiveCode, Heartbeat, PageFields } from '#libs/hive';

/** What the engine asks for beyond the public contract; empty strings and 0: nothing. */
export interface RenderWish {
  jobId: string;
  /** Proxy of the job as JSON of its spec; empty: the scope's. */
  proxyJson: string;
  screenshot: boolean;
  har: boolean;
  maxContentBytes: number;
  userAgent: string;
  /** Names the requests that share a session of the proxy; empty: all of the job. */
  proxySession: string;
  /** The page is wanted as it is when what was waited for did not come. */
  contentAnyway: boolean;
}

export interface RenderReport {
  finalUrl: string;
  redirects: { url: string; statusCode: number; location: string }[];
  /** Code of the failure table, or empty. */
  failureCode: string;
  screenshot: Uint8Array;
  har: string;
  truncated: boolean;
  receivedBytes: number;
}

export interface WorkerRequest extends PageFields {
  contextId: string;
  rayId: string;
  countryCode: string;
  /** Empty: whichever the worker serves. */
  scopeName: string;
  render: RenderWish | null;
}

export interface WorkerAnswer {
  code: HiveCode;
  message: string;
  /** 0: no answer of the page. */
  statusCode: number;
  content: string;
  headers: Record<string, string>;
  executionMs: number;
  contextId: string;
  rayId: string;
  render: RenderReport | null;
}

/** Asks workers over the network. */
export interface HiveWorkers {
  /**
   * @param address `host:port`
   * @throws HiveCallError when no answer came
   */
  scrape(
    address: string,
    request: WorkerRequest,
    options: { timeoutMs: number; signal: AbortSignal },
  ): Promise<WorkerAnswer>;
  close(): void;
}

/** A call to a worker that was not answered. */
export class HiveCallError extends Error {
  constructor(
    readonly kind: 'unreachable' | 'timeout' | 'cancelled',
    options?: ErrorOptions,
  ) {
    super(`The worker did not answer: ${kind}`, options);
    this.name = 'HiveCallError';
  }
}

/** How workers tell that they are there. Best effort: what is lost is said again a second later. */
export interface HeartbeatFeed {
  send(beat: Heartbeat): void;
  /** @returns what ends it */
  listen(onBeat: (beat: Heartbeat) => void): () => void;
}

/** How a request ended; `cancelled`: nobody waited for its answer. */
export type HiveEnd = HiveCode | 'cancelled';

/** What is counted about the browser service. Every call is quick and never throws. Times are ms. */
export interface HiveMetrics {
  scraped(scope: string, end: HiveEnd, ms: number): void;
  navigated(scope: string, ms: number): void;
  contentRead(scope: string, chars: number): void;
  contextOpened(scope: string): void;
  contextRecycled(scope: string, reason: string): void;
  browserLost(scope: string): void;
  routed(scope: string, end: HiveEnd, ms: number, attempts: number): void;
}
