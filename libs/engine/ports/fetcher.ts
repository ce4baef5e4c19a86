import type { BodyRef, FetchTiming, RedirectStep } from '#libs/events';
import type { FailureCode } from '#libs/failures';
import type { ProxyRoute } from './proxy.js';

export interface FetchRequest {
  url: string;
  userAgent: string;
  timeoutMs: number;
  maxBodyBytes: number;
  maxRedirects: number;
  /** False: the connection is closed after the head (robots mark). */
  readBody: boolean;
  signal: AbortSignal;
  /** Private targets that this job may reach on top of what every job may: `host`, `host:port`, or `*`. */
  allowPrivate?: readonly string[] | undefined;
  /** With it, no connection of this fetch goes to the target itself, whatever happens. */
  proxy?: ProxyRoute | undefined;
}

export interface FetchedResponse {
  ok: true;
  statusCode: number;
  finalUrl: string;
  redirects: RedirectStep[];
  /** Lower-case names; repeated ones joined by `, `; Set-Cookie values left out. */
  headers: Record<string, string>;
  contentType: string | null;
  /** Body as received, still in `encoding`; null when it was not read. */
  raw: Buffer | null;
  encoding: BodyRef['encoding'];
  /** Decoded body, up to the cap. */
  body: Buffer | null;
  truncated: boolean;
  receivedBytes: number;
  timing: FetchTiming;
  retryAfterMs: number | null;
  /** Given with long bodies, whose memory is shared by all: to be called when neither `raw` nor `body` is read any more. */
  release?: () => void;
}

export interface FetchProblem {
  ok: false;
  code: FailureCode;
  /** For people; no address, no library text. */
  message: string;
  statusCode: number;
  finalUrl: string;
  redirects: RedirectStep[];
  timing: FetchTiming;
  /** Of a proxy failure: what the proxy said itself, without credentials, and what helps. */
  vendorText?: string | null;
  hint?: string;
}

export type FetchOutcome = FetchedResponse | FetchProblem;

/** Opens every connection to the outside. Never throws for what the web does; throws `AbortError` when `signal` fires. */
export interface Fetcher {
  fetch(request: FetchRequest): Promise<FetchOutcome>;
}
