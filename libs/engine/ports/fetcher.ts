import type { BodyRef, FetchTiming, RedirectStep } from '#libs/events';
import type { FailureCode } from '#libs/failures';

export interface FetchRequest {
  url: string;
  userAgent: string;
  timeoutMs: number;
  maxBodyBytes: number;
  maxRedirects: number;
  /** False: the connection is closed after the head (robots mark). */
  readBody: boolean;
  signal: AbortSignal;
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
}

export type FetchOutcome = FetchedResponse | FetchProblem;

/** Opens every connection to the outside. Never throws for what the web does; throws `AbortError` when `signal` fires. */
export interface Fetcher {
  fetch(request: FetchRequest): Promise<FetchOutcome>;
}
