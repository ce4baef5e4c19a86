import { isUnreadable } from '#libs/events';
import type { PageEventType, StoredEvent } from '#libs/events';
import type { EventLog } from '#libs/engine/ports';

/** One try of one page, as the log has it. */
export interface PageAttempt {
  seq: number;
  run: number;
  try: number;
  /** Attempts burned up to and with this one; null where the event does not tell. */
  attempt: number | null;
  result: 'retried' | 'fetched' | 'failed' | 'skipped';
  /** A code of the failure table; null when nothing went wrong. */
  code: string | null;
  message: string | null;
  /** 0 without a response. */
  statusCode: number;
  /** Server's clock, ISO 8601. */
  recordedAt: string;
  /** Worker's clock, ISO 8601; null when nothing was requested. */
  startedAt: string | null;
  durationMs: number | null;
  /** How long the next try had to wait; null when none followed from this one. */
  retryDelayMs: number | null;
  /** What the site asked for by Retry-After. */
  retryAfterMs: number | null;
}

export interface PageHistory {
  attempts: PageAttempt[];
  /** It was asked for again, and no attempt since then has ended it. */
  openAgain: boolean;
}

/** What tells of a try. */
type TryEvent = StoredEvent<Exclude<PageEventType, 'ItemsReextracted'>>;

/** Few beside the pages that went well. */
const RARE: PageEventType[] = ['FetchRetried', 'FetchFailed', 'PageSkipped'];

/**
 * All tries of a page of this generation that the log holds, in order: retries and outcomes, those before a requeue included.
 * Reads what is rare in the log by its subject, and the page's outcome at its place; only a page that was asked for again has
 * the whole history read.
 * @param outcomeSeq sequence of the outcome that the read models show, or null
 */
export async function pageAttempts(
  eventLog: Pick<EventLog, 'readJob' | 'readDecisions'>,
  page: { jobId: string; url: string; generation: number },
  outcomeSeq: number | null,
): Promise<PageHistory> {
  const { jobId, url, generation } = page;
  const found = new Map<number, TryEvent>();
  const keep = (event: TryEvent | null): void => {
    if (event?.data.url === url && event.data.generation === generation) found.set(event.seq, event);
  };
  const requeuedAt = await lastRequeue(eventLog, jobId, url);
  for (const type of requeuedAt > 0 ? [...RARE, 'PageFetched' as const] : RARE)
    for await (const { entries } of eventLog.readJob(jobId, { type, bulk: false }))
      for (const entry of entries) if (!isUnreadable(entry) && isPageEvent(entry)) keep(entry);
  if (outcomeSeq !== null) keep(await outcomeAt(eventLog, jobId, outcomeSeq));
  const attempts = [...found.values()].sort((a, b) => a.seq - b.seq).map(attemptOf);
  const ended = attempts.some(({ seq, result }) => seq > requeuedAt && result !== 'retried');
  return { attempts, openAgain: requeuedAt > 0 && !ended };
}

/** Sequence of the last decision of this generation that opened the page again; 0 if none did. */
async function lastRequeue(
  eventLog: Pick<EventLog, 'readDecisions'>,
  jobId: string,
  url: string,
): Promise<number> {
  let seq = 0;
  for (const event of await eventLog.readDecisions(jobId)) {
    if (event.type === 'JobRestarted') seq = 0;
    if (event.type === 'PagesRequeued' && event.data.urls.includes(url)) seq = event.seq;
  }
  return seq;
}

/** The page fact at a place in the log, without its long lists; null when it is not there any more. */
export async function outcomeAt(
  eventLog: Pick<EventLog, 'readJob'>,
  jobId: string,
  seq: number,
): Promise<TryEvent | null> {
  for await (const { entries } of eventLog.readJob(jobId, { fromSeq: seq, maxBatch: 1, bulk: false })) {
    const [entry] = entries;
    if (!entry || entry.seq !== seq || isUnreadable(entry) || !isPageEvent(entry)) return null;
    return entry;
  }
  return null;
}

const isPageEvent = (event: StoredEvent): event is TryEvent =>
  'try' in event.data && event.type !== 'ItemsReextracted';

function attemptOf(event: TryEvent): PageAttempt {
  const { run, try: tryNo } = event.data;
  const timing = 'timing' in event.data ? event.data.timing : undefined;
  return {
    seq: event.seq,
    run,
    try: tryNo,
    attempt: 'attempt' in event.data ? event.data.attempt : null,
    ...causeOf(event),
    recordedAt: new Date(event.storedAt).toISOString(),
    startedAt: timing ? new Date(timing.startedAt).toISOString() : null,
    durationMs: timing?.durationMs ?? null,
    retryDelayMs: event.type === 'FetchRetried' ? event.data.delayMs : null,
    retryAfterMs: event.type === 'FetchRetried' ? (event.data.retryAfterMs ?? null) : null,
  };
}

function causeOf(event: TryEvent): Pick<PageAttempt, 'result' | 'code' | 'message' | 'statusCode'> {
  switch (event.type) {
    case 'FetchRetried': {
      const { code, message, statusCode } = event.data;
      return { result: 'retried', code, message, statusCode };
    }
    case 'FetchFailed': {
      const { code, message, statusCode } = event.data;
      return { result: 'failed', code, message, statusCode };
    }
    case 'PageSkipped':
      return { result: 'skipped', code: event.data.code, message: event.data.message, statusCode: 0 };
    case 'PageFetched': {
      const { statusCode, error } = event.data;
      const code = error === null ? null : statusCode === 429 ? 'http_429' : 'http_5xx';
      return { result: 'fetched', code, message: error, statusCode };
    }
  }
}
