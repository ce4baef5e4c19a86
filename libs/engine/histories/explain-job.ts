import { isUnreadable, shardOf, type StoredEvent } from '#libs/events';
import { failures, isFailureCode, SpoorError } from '#libs/failures';
import {
  jobAt,
  pageNumberOf,
  type CodeCount,
  type FailureLedger,
  type FirstFailure,
  type Frontier,
  type JobAt,
} from '#libs/job';
import { pageIdOf, rowsOfOutcome, type EvidenceRow } from '#libs/read-models';
import type { Clock, EventLog, FetchQueue, Lease } from '#libs/engine/ports';
import { waitsOf, type Wait } from './waits.js';

/** What stopped the job, or its first page that ended badly. */
export interface ExplainedFailure {
  seq: number;
  /** Server's clock, ISO 8601. */
  at: string;
  type: FirstFailure['type'];
  url: string;
  /** Its number in a paginated job. */
  page: number | null;
  /** A code of the failure table. */
  code: string;
  message: string;
  statusCode: number;
  attempt: number | null;
  /** What a proxy said itself. */
  vendorText: string | null;
  hint: string;
  /** Rows that the projection makes of it; none of a proxy's failure, which leaves the page open. */
  evidence: Pick<EvidenceRow, 'type' | 'content' | 'metadata'>[];
}

/** Where a job stands and why, and how it goes on: everything that a person needs on one screen. */
export interface JobExplanation extends Omit<JobAt, 'spec' | 'lastError'> {
  /** Null unless its status is `error`. */
  stoppedBy: ExplainedFailure | null;
  firstFailure: ExplainedFailure | null;
  /** By code, the most frequent first. */
  failures: (CodeCount & { hint: string | null })[];
  /** What lies in the fetch queue without an outcome; the first of them by URL. */
  inFlight: { count: number; tasks: { url: string; run: number; try: number; attempt: number }[] };
  /** Why the other open pages are not being fetched at this moment. */
  waiting: Wait[];
  /** What to do, in words. */
  hint: string | null;
  /** Commands that go on, the most likely first. */
  commands: string[];
}

export interface ExplainJobDeps {
  eventLog: Pick<EventLog, 'readJob'>;
  fetchQueue: Pick<FetchQueue, 'snapshot'>;
  lease: Pick<Lease, 'holder'>;
  clock: Pick<Clock, 'now'>;
  /** Whether a holder of a lease is known to be dead. */
  isGone?: ((holder: string) => boolean) | undefined;
  look<T>(jobId: string, view: (frontier: Frontier, failures: FailureLedger) => T): Promise<T | null>;
}

type Range = Parameters<typeof pageNumberOf>[0];

const SHOWN = 20;

/** Null when there is no such job. */
export async function explainJob(deps: ExplainJobDeps, jobId: string): Promise<JobExplanation | null> {
  const shard = shardOf(jobId);
  const { batches } = await deps.fetchQueue.snapshot(shard);
  const holder = await deps.lease.holder(`coordinator-${shard}`);
  const isLed = holder !== null && !deps.isGone?.(holder);
  // The queue first: what has got its outcome since then is left out by the fold, and never the other way round.
  const looked = await deps.look(jobId, (frontier, ledger) => {
    const inFlight = batches
      .filter((batch) => batch.jobId === jobId)
      .flatMap(({ run, tasks }) =>
        tasks.map(({ url, attempt, try: tryNo }) => ({ url, run, try: tryNo, attempt })),
      )
      .filter(({ url }) => frontier.find(url)?.outcome === 'open');
    const { spec: _, lastError, ...at } = jobAt(frontier);
    const urls = new Set(inFlight.map(({ url }) => url));
    const waiting = waitsOf(frontier, ledger, { now: deps.clock.now(), inFlight: urls, isLed });
    const range = frontier.state!.spec.pages;
    return { at, lastError, inFlight, waiting, first: ledger.first, codes: ledger.codes, range };
  });
  if (!looked) return null;
  const { at, lastError, inFlight, waiting, first, codes, range } = looked;
  const read = (failure: { seq: number } | null) =>
    explained(deps.eventLog, jobId, failure?.seq ?? null, range);
  const stoppedBy = at.status === 'error' ? await read(lastError) : null;
  const firstFailure = first?.seq === stoppedBy?.seq ? stoppedBy : await read(first);
  return {
    ...at,
    ...{ stoppedBy, firstFailure },
    failures: codes.map((code) => ({ ...code, hint: hintOf(code.code) })),
    inFlight: { count: inFlight.length, tasks: inFlight.slice(0, SHOWN) },
    waiting,
    ...goesOn(at, stoppedBy, codes, isLed),
  };
}

const hintOf = (code: string): string | null => (isFailureCode(code) ? failures[code].hint : null);

/** The failure at a place in the log, with the evidence that it left; null when the event is not there any more. */
async function explained(
  eventLog: ExplainJobDeps['eventLog'],
  jobId: string,
  seq: number | null,
  range: Range,
): Promise<ExplainedFailure | null> {
  if (seq === null) return null;
  for await (const { entries } of eventLog.readJob(jobId, { fromSeq: seq, maxBatch: 1, bulk: false })) {
    const [entry] = entries;
    if (!entry || entry.seq !== seq || isUnreadable(entry)) return null;
    return failureOf(entry, range);
  }
  return null;
}

function failureOf(event: StoredEvent, range: Range): ExplainedFailure | null {
  const { seq, storedAt, jobId } = event;
  const place = { seq, at: new Date(storedAt).toISOString() };
  switch (event.type) {
    case 'ProxyFailed': {
      const { url, page, code, message, statusCode, vendorText, hint, attempt = null } = event.data;
      return {
        ...{ ...place, type: event.type, url, page, code, message, statusCode, attempt, vendorText, hint },
        evidence: [],
      };
    }
    case 'FetchFailed':
    case 'PageFetched': {
      const { url, statusCode, attempt, generation } = event.data;
      const rows = rowsOfOutcome(event, pageIdOf(jobId, generation, url));
      const code = rows.page?.errorCode ?? 'internal';
      const message = event.type === 'FetchFailed' ? event.data.message : (event.data.error ?? '');
      return {
        ...{
          ...place,
          type: event.type,
          url,
          page: pageNumberOf(range, url),
          code,
          message,
          statusCode,
          attempt,
        },
        ...{ vendorText: null, hint: hintOf(code) ?? '' },
        evidence: rows.evidence.map(({ type, content, metadata }) => ({ type, content, metadata })),
      };
    }
    default:
      throw new SpoorError('internal', `${event.type} is no failure.`);
  }
}

type Going = Pick<JobExplanation, 'hint' | 'commands'>;

function goesOn(
  { jobId, status, pages }: Omit<JobAt, 'spec' | 'lastError'>,
  stoppedBy: ExplainedFailure | null,
  codes: CodeCount[],
  isLed: boolean,
): Going {
  const retry = codes.filter(({ code }) => isFailureCode(code) && failures[code].retry === 'backoff');
  const retries = retry.map(({ code }) => `job retry ${jobId} --error-code ${code} --dry-run`);
  const whys = codes.slice(0, 1).map(({ url }) => `page why ${jobId} ${url}`);
  switch (status) {
    case 'running':
      if (isLed) return { hint: null, commands: [`job show ${jobId} --follow`, ...whys] };
      return {
        hint: 'No engine runs it at this moment. Nothing is lost: it is taken up where it stands.',
        commands: [`crawl --resume ${jobId}`, 'up'],
      };
    case 'error':
    case 'paused':
    case 'stopped':
      return {
        hint: stoppedBy?.hint ?? null,
        commands: [`job resume ${jobId} --dry-run`, `crawl --resume ${jobId}`, `job resume ${jobId}`],
      };
    case 'done':
      return {
        hint: pages.failed > 0 ? (hintOf(codes[0]?.code ?? '') ?? null) : null,
        commands: [...whys, ...retries],
      };
    case 'removed':
      return { hint: 'It was removed; only its tombstone is left.', commands: [] };
  }
}
