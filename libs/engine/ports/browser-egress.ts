import type { FailureCode } from '#libs/failures';
import type { ProxyProblem } from './proxy-check.js';
import type { ProxyRoute } from './proxy.js';

export interface BrowserEgressLimits {
  /** Connections that a browser may hold at a time; one more is cut. */
  maxConnections: number;
  /** Bytes that one connection may bring. */
  maxConnectionBytes: number;
  /** Bytes that all connections may bring between two calls of `forget`. */
  maxPageBytes: number;
  /** For an address to answer, ms. Through a proxy it is the job's own limit, when that is shorter. */
  connectTimeoutMs: number;
  /** A connection on which nothing moves for so long is cut, ms. */
  idleMs: number;
  /** No connection gets older, ms. */
  maxConnectionMs: number;
}

export interface BrowserEgressOptions {
  /** Private targets on top of those that all may reach: `host`, `host:port`, or `*`. */
  allowPrivate?: readonly string[] | undefined;
  /** With it, no connection goes to a target itself, whatever happens. */
  proxy?: ProxyRoute | undefined;
  limits?: Partial<BrowserEgressLimits> | undefined;
}

export type RefusalKind =
  /** The guard does not let it be reached. */
  | 'blocked'
  /** The name does not resolve. */
  | 'dns'
  /** The target did not answer, or broke off before a word. */
  | 'unreachable'
  /** The job's proxy failed; `code` stops the job. */
  | 'proxy'
  /** A cap was reached. */
  | 'limit';

/** Why a browser did not get what it asked for. */
export interface EgressRefusal {
  /** `host:port`, the port always named. */
  target: string;
  kind: RefusalKind;
  code: FailureCode;
  /** For people; no address, no library text. */
  message: string;
  /** What Chromium itself would call it, such as `net::ERR_NAME_NOT_RESOLVED`; behind a proxy it sees only that nothing came. */
  netError: string;
  /** Of kind `proxy`. */
  problem?: ProxyProblem | undefined;
}

/**
 * A proxy on the loopback address that all traffic of one browser context goes through. Each connection is judged as those of pages
 * fetched without a browser are, and takes the job's proxy if there is one.
 */
export interface BrowserEgress {
  /** `http://127.0.0.1:port` */
  readonly server: string;
  /** Without these nobody is served. */
  readonly username: string;
  readonly password: string;
  /** The last refusal of the URL's host and port since `forget`; null when there was none. */
  refusalOf(url: string): EgressRefusal | null;
  /** The last refusal of each target since `forget`, the oldest first; bounded. */
  refusals(): readonly EgressRefusal[];
  /** The first failure of the job's proxy since `forget`: the job stops with it. */
  proxyProblem(): ProxyProblem | null;
  /** Bytes from the outside since `forget`. */
  receivedBytes(): number;
  /** Begins a new page. */
  forget(): void;
  /** Cuts all connections. */
  close(): Promise<void>;
}

export interface BrowserEgresses {
  open(options?: BrowserEgressOptions): Promise<BrowserEgress>;
  close(): Promise<void>;
}
