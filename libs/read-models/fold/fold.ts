import { isUnreadable, type EventType, type LogEntry, type StoredEvent } from '#libs/events';
import { countsAsOutcome } from '#libs/job';
import type { OutcomeEvent } from '../outcome.js';
import { heldBackEvidence, itemRows, rowsOfOutcome } from '../rows-of-outcome.js';
import type { JobRecord } from '../rows.js';
import { ChangeSet, type Changes } from './changes.js';
import { afterDecision, iso, startedJob, tombstone, touched } from './job-changes.js';
import type { Step } from './plan.js';
import { isSettled, unknownPage, type FoldState, type PageState } from './state.js';

export interface FoldOptions {
  shard: number;
  /** Names the code that could not read a parked event; another version tries again. */
  codeVersion: string;
  /** Events that the store refused, with why: they are parked instead of folded. */
  refused?: ReadonlyMap<number, string>;
}

/**
 * Events to row changes, over all jobs of a batch. Changes `state` to what it is after the batch. An event that cannot be folded
 * parks its job: that event and all later ones of the job wait, and no other job does.
 */
export function fold(steps: readonly Step[], state: FoldState, options: FoldOptions): Changes {
  const batch = new Batch(state, options);
  for (const step of steps) batch.step(step);
  return batch.changes.result();
}

class Batch {
  readonly changes = new ChangeSet();

  constructor(
    private readonly state: FoldState,
    private readonly options: FoldOptions,
  ) {}

  step(step: Step): void {
    const { entry } = step;
    const poison = isUnreadable(entry) ? entry.reason : this.options.refused?.get(entry.seq);
    if (poison !== undefined) return this.park(entry, this.isWaiting(entry) ? null : poison);
    if (isUnreadable(entry)) return;
    if (entry.type !== 'JobRemoved' && this.isWaiting(entry)) return this.park(entry, null);
    try {
      this.event(entry, step);
    } catch (error) {
      this.park(entry, error instanceof Error ? error.message : String(error));
    }
  }

  /** A handler must not change anything before everything that can fail is behind it. */
  private event<T extends EventType>(event: StoredEvent<T>, step: Step): void {
    // The key of a mapped type and the event it belongs to are correlated, which the compiler cannot follow.
    const handler = handlers[event.type] as (batch: Batch, event: StoredEvent<T>, step: Step) => void;
    handler(this, event, step);
  }

  private isWaiting(entry: LogEntry): boolean {
    return entry.jobId !== null && this.state.parkedJobs.has(entry.jobId);
  }

  private park(entry: LogEntry, reason: string | null): void {
    if (entry.jobId !== null) this.state.parkedJobs.add(entry.jobId);
    this.changes.park({
      shard: this.options.shard,
      seq: entry.seq,
      jobId: entry.jobId,
      eventId: entry.id,
      type: entry.type,
      reason,
      codeVersion: this.options.codeVersion,
      storedAt: iso(entry.storedAt),
    });
  }

  /** @returns null when the job was removed: what still comes in for it does not matter */
  job(event: { jobId: string; seq: number }): JobRecord | null {
    const job = this.state.jobs.get(event.jobId);
    if (!job) throw new Error('the log holds no JobStarted for this job');
    return job.status === 'removed' ? null : job;
  }

  put(job: JobRecord): void {
    this.state.jobs.set(job.jobId, job);
    this.changes.job(job);
  }

  start(event: StoredEvent<'JobStarted'>): void {
    if (this.state.jobs.has(event.jobId)) throw new Error('the job has been started before');
    this.put(startedJob(this.options.shard, event));
  }

  remove(event: StoredEvent<'JobRemoved'>): void {
    this.state.parkedJobs.delete(event.jobId);
    this.changes.removeJob(event.jobId);
    this.put(tombstone(this.options.shard, event));
  }

  page(pageId: string): PageState {
    return this.state.pages.get(pageId) ?? unknownPage();
  }

  /** @param mark whether the page row alone would not tell this state */
  putPage(jobId: string, pageId: string, page: PageState, mark: boolean): void {
    this.state.pages.set(pageId, page);
    if (!mark) return;
    const { hasRows: _, ...rest } = page;
    this.changes.mark({ pageId, jobId, ...rest });
  }

  counts(event: { data: { generation: number; run: number } }, job: JobRecord, page: PageState): boolean {
    return countsAsOutcome({
      factGeneration: event.data.generation,
      factRun: event.data.run,
      jobGeneration: job.generation,
      requeuedInRun: page.requeuedInRun,
      hasOutcome: page.outcome !== null,
    });
  }
}

type Counted = Pick<
  JobRecord,
  'fetched' | 'failed' | 'skipped' | 'retries' | 'redirects' | 'bytes' | 'statusCodes'
>;

/** A page's outcome, if it counts: rows, counters, state. @returns whether it did */
function outcome(
  batch: Batch,
  event: OutcomeEvent,
  { pageId }: Step,
  kind: 'fetched' | 'failed' | 'skipped',
  count: (job: JobRecord) => Partial<Counted>,
): boolean {
  const job = batch.job(event);
  if (!job || pageId === null) return false;
  const page = batch.page(pageId);
  if (!batch.counts(event, job, page)) {
    batch.put({ ...job, ...touched(event) });
    return false;
  }
  const rows = rowsOfOutcome(event, pageId, job.spec.evidenceOff, job.itemVersions.at(-1));
  batch.changes.outcome(event.jobId, pageId, rows, page.hasRows);
  batch.put({ ...job, ...touched(event), [kind]: job[kind] + 1, ...count(job) });
  const marked = kind === 'skipped' || page.requeuedInRun > 0 || page.retriedRun > 0;
  const statusCode = event.type === 'PageFetched' ? event.data.statusCode : 0;
  const hasRows = rows.page !== null || rows.evidence.length > 0;
  batch.putPage(event.jobId, pageId, { ...page, outcome: kind, statusCode, hasRows }, marked);
  return true;
}

/** Once for each URL, and never beside what is known of the page itself. */
function heldBack(batch: Batch, event: OutcomeEvent<'PageFetched'>, { others }: Step): void {
  for (const { url, pageId } of others) {
    const page = batch.page(pageId);
    if (isSettled(page)) continue;
    batch.changes.heldBack(heldBackEvidence(event, url, pageId));
    batch.putPage(event.jobId, pageId, { ...page, hasRows: true }, false);
  }
}

function decided(batch: Batch, event: StoredEvent<DecidedType>): void {
  const job = batch.job(event);
  if (job) batch.put(afterDecision(job, event));
}
type DecidedType =
  | 'JobPaused'
  | 'JobStopped'
  | 'ProxyFailed'
  | 'JobResumed'
  | 'JobRestarted'
  | 'JobCompleted'
  | 'JobForked'
  | 'JobImported'
  | 'ReextractionStarted'
  | 'ReextractionCompleted';

const plus = (codes: Record<string, number>, code: number, by: number): Record<string, number> => {
  const after = (codes[code] ?? 0) + by;
  if (after > 0) return { ...codes, [code]: after };
  const { [code]: _, ...others } = codes;
  return others;
};

/** Rows stay until the new outcome replaces them; the counters go down by what is open again. */
function requeued(batch: Batch, event: StoredEvent<'PagesRequeued'>, { others }: Step): void {
  const before = batch.job(event);
  if (!before) return;
  let job = afterDecision(before, event);
  for (const { pageId } of others) {
    const page = batch.page(pageId);
    if (page.outcome !== null) job = { ...job, [page.outcome]: job[page.outcome] - 1 };
    if (page.outcome === 'fetched') job = { ...job, statusCodes: plus(job.statusCodes, page.statusCode, -1) };
    batch.putPage(
      event.jobId,
      pageId,
      { ...page, outcome: null, requeuedInRun: event.data.run, itemVersion: 0 },
      true,
    );
  }
  batch.put(job);
}

function retried(batch: Batch, event: StoredEvent<'FetchRetried'>, { pageId }: Step): void {
  const job = batch.job(event);
  if (!job || pageId === null) return;
  const page = batch.page(pageId);
  const { run, try: tryNo } = event.data;
  const isNew = run > page.retriedRun || (run === page.retriedRun && tryNo > page.retriedTry);
  if (!isNew || !batch.counts(event, job, page)) return batch.put({ ...job, ...touched(event) });
  batch.put({ ...job, ...touched(event), retries: job.retries + 1 });
  batch.putPage(event.jobId, pageId, { ...page, retriedRun: run, retriedTry: tryNo }, true);
}

/** A version of a page's items, if the body that they are from is still the page's. */
function reextracted(batch: Batch, event: StoredEvent<'ItemsReextracted'>, { pageId }: Step): void {
  const job = batch.job(event);
  if (!job || pageId === null) return;
  batch.put({ ...job, ...touched(event) });
  const page = batch.page(pageId);
  const { generation, run, version } = event.data;
  const isOfPage = page.outcome === 'fetched' && generation === job.generation && run >= page.requeuedInRun;
  if (!isOfPage || version <= page.itemVersion) return;
  batch.changes.reextract(event.jobId, pageId, version, itemRows(event, pageId, version));
  batch.putPage(event.jobId, pageId, { ...page, itemVersion: version }, true);
}

type Handlers = { [T in EventType]: (batch: Batch, event: StoredEvent<T>, step: Step) => void };

const handlers: Handlers = {
  JobStarted: (batch, event) => batch.start(event),
  JobPaused: decided,
  JobStopped: decided,
  ProxyFailed: decided,
  JobResumed: decided,
  JobRestarted: decided,
  PagesRequeued: requeued,
  JobCompleted: decided,
  JobForked: decided,
  JobImported: decided,
  ReextractionStarted: decided,
  ReextractionCompleted: decided,
  JobRemoved: (batch, event) => batch.remove(event),
  PageFetched: (batch, event, step) => {
    const counted = outcome(batch, event, step, 'fetched', (job) => ({
      redirects: job.redirects + event.data.redirects.length,
      bytes: job.bytes + event.data.receivedBytes,
      statusCodes: plus(job.statusCodes, event.data.statusCode, 1),
    }));
    if (counted) heldBack(batch, event, step);
  },
  FetchFailed: (batch, event, step) => {
    const { length } = event.data.redirects;
    outcome(batch, event, step, 'failed', (job) => ({ redirects: job.redirects + length }));
  },
  PageSkipped: (batch, event, step) => {
    outcome(batch, event, step, 'skipped', () => ({}));
  },
  FetchRetried: retried,
  ItemsReextracted: reextracted,
};
