import {
  pageEventId,
  type BodyRef,
  type EventData,
  type JobSpec,
  type NewPageEvent,
  type PageEventType,
  type Rendering,
  type RobotsVerdict,
} from '#libs/events';
import { failures, type FailureCode } from '#libs/failures';
import type {
  FetchedResponse,
  FetchOutcome,
  FetchProblem,
  FetchTask,
  ParsedPage,
  ProxyProblem,
  TaskBatch,
} from '../ports/index.js';

/** Which try of which page this is. */
export interface PageTry {
  batch: Pick<TaskBatch, 'jobId' | 'generation' | 'run'>;
  task: FetchTask;
}

type Draft<T extends PageEventType> = { type: T; data: EventData<T> };
export type PageDraft = { [T in PageEventType]: Draft<T> }[PageEventType];

const TOLERATED_WAIT_MS = 1000;
/** Longest wait for a browser service that is away; whoever looks is told of it that often. */
const LONGEST_UNRENDERED_WAIT_MS = 60_000;

export const NO_PAGE: ParsedPage = {
  title: null,
  h1: null,
  charset: null,
  links: { follow: {}, skip: {} },
  items: [],
};

const pageRef = ({ batch, task }: PageTry) => ({
  url: task.url,
  generation: batch.generation,
  run: batch.run,
  try: task.try,
  stage: task.stage,
  depth: task.depth,
});

/** Message id of a try's outcome, whatever that will be. */
export const outcomeId = ({ batch, task }: PageTry): string =>
  pageEventId(batch.jobId, batch.run, task.url, task.try);

export function toEvent(
  page: PageTry,
  draft: PageDraft,
  time: number,
  cause: { eventId?: string | undefined; traceparent?: string | undefined } = {},
): NewPageEvent {
  return {
    ...draft,
    id: outcomeId(page),
    jobId: page.batch.jobId,
    time: new Date(time).toISOString(),
    causationId: cause.eventId,
    ...(cause.traceparent === undefined ? {} : { traceparent: cause.traceparent }),
  };
}

/** What speaks for another attempt: the failure's code, or the code that stands for an HTTP status. */
function faultOf(outcome: FetchOutcome): { code: FailureCode; message: string } | null {
  if (!outcome.ok) return outcome;
  const { statusCode } = outcome;
  if (statusCode === 429) return { code: 'http_429', message: 'HTTP 429' };
  if (statusCode >= 500 && statusCode <= 599) return { code: 'http_5xx', message: `HTTP ${statusCode}` };
  return null;
}

/**
 * The next attempt, when another one may help and is left: exponential backoff with a quarter of jitter either way; Retry-After
 * counts when it asks for more; both within `retry.maxMs`.
 * @param random from 0 up to 1.
 */
export function retried(
  page: PageTry,
  outcome: FetchOutcome,
  retry: JobSpec['retry'],
  random: number,
): Draft<'FetchRetried'> | null {
  const fault = faultOf(outcome);
  const { attempt } = page.task;
  if (!fault || failures[fault.code].retry !== 'backoff' || attempt >= retry.attempts) return null;
  const asked = outcome.ok ? outcome.retryAfterMs : null;
  return {
    type: 'FetchRetried',
    data: {
      ...pageRef(page),
      attempt,
      burned: true,
      code: fault.code,
      message: fault.message,
      statusCode: outcome.statusCode,
      delayMs: Math.round(Math.min(retry.maxMs, Math.max(backoff(attempt, retry, random), asked ?? 0))),
      ...(asked === null ? {} : { retryAfterMs: asked }),
      timing: outcome.timing,
    },
  };
}

/** A proxy failure that the job bears: tried again soon, through another member of the pool if there is one. */
export function tolerated(
  page: PageTry,
  { code, message, statusCode, vendorText, hint }: ProxyProblem,
  retry: JobSpec['retry'],
): Draft<'FetchRetried'> {
  return {
    type: 'FetchRetried',
    data: {
      ...pageRef(page),
      attempt: page.task.attempt,
      burned: false,
      ...{ code, message, statusCode, vendorText, hint },
      delayMs: Math.min(retry.baseMs, TOLERATED_WAIT_MS),
    },
  };
}

/** The browser service could not take the page: it is tried again, ever later, for as long as it takes, and burns nothing. */
export function unrendered(page: PageTry, message: string): Draft<'FetchRetried'> {
  const { attempt, try: nth } = page.task;
  const code = 'browser_unavailable' satisfies FailureCode;
  const wait = TOLERATED_WAIT_MS * 2 ** Math.min(nth - attempt, 16);
  return {
    type: 'FetchRetried',
    data: {
      ...pageRef(page),
      ...{ attempt, burned: false, code, message, statusCode: 0 },
      hint: failures[code].hint,
      delayMs: Math.min(wait, LONGEST_UNRENDERED_WAIT_MS),
    },
  };
}

const backoff = (attempt: number, retry: JobSpec['retry'], random: number): number =>
  retry.baseMs * 2 ** (attempt - 1) * (0.75 + random / 2);

/** What robots.txt says is not known, and may be at the next attempt; null when it is, or none is left. */
export function retriedForRobots(
  page: PageTry,
  robots: RobotsVerdict,
  retry: JobSpec['retry'],
  random: number,
): Draft<'FetchRetried'> | null {
  const { attempt } = page.task;
  if (!robots.unreachable || attempt >= retry.attempts) return null;
  return {
    type: 'FetchRetried',
    data: {
      ...pageRef(page),
      attempt,
      burned: true,
      code: 'robots_unreachable' satisfies FailureCode,
      message: robots.reason,
      statusCode: 0,
      delayMs: Math.round(Math.min(retry.maxMs, backoff(attempt, retry, random))),
    },
  };
}

/** There was a response and nothing more is to be tried. */
export function fetched(
  page: PageTry,
  response: FetchedResponse,
  robots: RobotsVerdict,
  parsed: ParsedPage,
  body: BodyRef | undefined,
  render?: Rendering,
): Draft<'PageFetched'> {
  const { attempt } = page.task;
  const fault = faultOf(response);
  return {
    type: 'PageFetched',
    data: {
      ...pageRef(page),
      attempt,
      statusCode: response.statusCode,
      finalUrl: response.finalUrl,
      contentType: response.contentType,
      contentLength: response.body?.length ?? 0,
      receivedBytes: response.receivedBytes,
      charset: parsed.charset,
      title: parsed.title,
      h1: parsed.h1,
      headers: response.headers,
      redirects: response.redirects,
      robots,
      timing: response.timing,
      error: fault && `${fault.message} after ${attempt} ${attempt === 1 ? 'attempt' : 'attempts'}`,
      links: parsed.links,
      items: parsed.items,
      ...(body ? { body } : {}),
      ...(render ? { render } : {}),
    },
  };
}

/** No usable response. */
export function failed(
  page: PageTry,
  problem: Pick<FetchProblem, 'code' | 'message'> & Partial<FetchOutcome>,
  robots?: RobotsVerdict,
): Draft<'FetchFailed'> {
  return {
    type: 'FetchFailed',
    data: {
      ...pageRef(page),
      attempt: page.task.attempt,
      code: problem.code,
      message: problem.message,
      statusCode: problem.statusCode ?? 0,
      finalUrl: problem.finalUrl ?? page.task.url,
      redirects: problem.redirects ?? [],
      ...(robots ? { robots } : {}),
      ...(problem.timing ? { timing: problem.timing } : {}),
    },
  };
}

/**
 * Delivery after delivery of this batch ended without a word, this page being the first that was to be requested. The page may kill
 * its workers, or they were cut off and frozen for other reasons: it burns an attempt, and ends unrequested when none is left.
 * @param random from 0 up to 1.
 */
export function workerDied(
  page: PageTry,
  retry: JobSpec['retry'],
  random: number,
): Draft<'FetchRetried'> | Draft<'FetchFailed'> {
  const { attempt } = page.task;
  const code = 'worker_died' satisfies FailureCode;
  if (attempt >= retry.attempts)
    return failed(page, { code, message: 'Workers died over this page; it was not requested again' });
  const message = 'Workers died over this page, or were cut off with it';
  const delayMs = Math.round(Math.min(retry.maxMs, backoff(attempt, retry, random)));
  return {
    type: 'FetchRetried',
    data: { ...pageRef(page), attempt, burned: true, code, message, statusCode: 0, delayMs },
  };
}

/** robots.txt forbids it, or cannot be read, and the job obeys. */
export const disallowed = (page: PageTry, robots: RobotsVerdict): Draft<'PageSkipped'> => ({
  type: 'PageSkipped',
  data: {
    ...pageRef(page),
    code: (robots.unreachable ? 'robots_unreachable' : 'robots_disallowed') satisfies FailureCode,
    message: robots.reason,
    rule: robots.rule,
    robots,
  },
});

/** Whether the job's policy keeps this body. */
export const keepsBody = (policy: JobSpec['bodies'], statusCode: number): boolean =>
  policy === 'all' || (policy === 'failed' && statusCode >= 400);
