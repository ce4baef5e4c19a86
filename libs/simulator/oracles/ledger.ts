import { fromLink, originOf, pageEventId, type PageEvent, type StoredEvent } from '#libs/events';
import type { TaskBatch } from '#libs/engine/ports';
import type { JobReport } from '#libs/engine';
import { pageOfRange, withChanges } from '#libs/job';
import type { JobSpec } from '#libs/events';

export interface PageAccount {
  url: string;
  outcome: 'fetched' | 'failed' | 'skipped' | null;
  /** Sequence of the outcome that was told last. */
  seq: number;
  requeuedInRun: number;
  /** Sequences between which it has an outcome. */
  closed: { from: number; to: number }[];
}

export interface Counts {
  fetched: number;
  failed: number;
  skipped: number;
  open: number;
}

export interface JobAccount {
  status: string;
  run: number;
  generation: number;
  spec: JobSpec;
  start: string[];
  /** Pages of each generation. */
  pages: Map<string, PageAccount>[];
  because: string | null;
  /** Runs that were stopped, failed or completed, and outcomes of this generation that came after the end of theirs. */
  endedRuns: Set<number>;
  late: number;
  /** Counts by sequence of the job's events. */
  history: Map<number, Counts>;
}

/** A batch in the fetch queue. */
interface InFlight {
  batch: TaskBatch;
  isBack: boolean;
}

type Fail = (oracle: string, text: string) => void;

const FROM: Partial<Record<StoredEvent['type'], string[]>> = {
  JobPaused: ['running'],
  JobStopped: ['running', 'paused'],
  JobResumed: ['paused', 'stopped', 'error'],
  JobRestarted: ['paused', 'stopped', 'error', 'done'],
  PagesRequeued: ['running', 'paused', 'stopped', 'error', 'done'],
  ProxyFailed: ['running'],
  JobCompleted: ['running'],
};
const ENDS: string[] = ['JobStopped', 'ProxyFailed', 'JobCompleted'];
const TO: Partial<Record<StoredEvent['type'], string>> = {
  JobPaused: 'paused',
  JobStopped: 'stopped',
  ProxyFailed: 'error',
  JobCompleted: 'done',
};

/**
 * The books: what the log says, told once more by rules written for this purpose alone, event by event as they are stored. What
 * the engine's own folds make of the log is held against it.
 */
export class Ledger {
  readonly jobs = new Map<string, JobAccount>();
  private readonly told = new Set<string>();

  constructor(private readonly fail: Fail) {}

  apply(event: StoredEvent): void {
    const job = this.jobs.get(event.jobId) ?? this.open(event);
    this.told.add(event.id);
    if (!job) return;
    if ('try' in event.data) this.fact(job, event as PageEvent);
    else if (event.type !== 'JobStarted') this.decision(job, event);
    job.history.set(event.seq, counts(job));
  }

  /** No page is released that lies in the queue already, with nothing told of that try. */
  checkRelease(batch: TaskBatch, others: Iterable<InFlight>): void {
    const { jobId, generation } = batch;
    const pages = this.jobs.get(jobId)?.pages[generation - 1];
    for (const other of this.untold(jobId, generation, others))
      for (const { url } of batch.tasks)
        if (url === other.url && other.run >= (pages?.get(url)?.requeuedInRun ?? 0))
          this.fail('in-flight', `${url} of ${jobId} was released in run ${batch.run}, but is in flight`);
  }

  /** Tasks in the queue whose outcome is still to come. */
  private *untold(
    jobId: string,
    generation: number,
    batches: Iterable<InFlight>,
  ): Generator<{ url: string; run: number }> {
    for (const { batch, isBack } of batches) {
      if (isBack || batch.jobId !== jobId || batch.generation !== generation) continue;
      for (const { url, try: tryNo } of batch.tasks)
        if (!this.told.has(pageEventId(jobId, batch.run, url, tryNo))) yield { url, run: batch.run };
    }
  }

  /** What the API says of a job must hold at the sequence that it names. */
  checkReport(jobId: string, { state, position }: JobReport): void {
    const job = this.jobs.get(jobId);
    const books = job?.history.get(position.seq);
    const { fetched, failed, skipped, open } = position.counts;
    const said = JSON.stringify({ fetched, failed, skipped, open });
    if (said !== JSON.stringify(books))
      this.fail('O5', `${jobId} at ${position.seq}: reported ${said}, but it is ${JSON.stringify(books)}`);
    if (state.run > job!.run) this.fail('O5', `${jobId}: reported run ${state.run}, but it is ${job!.run}`);
  }

  private open(event: StoredEvent): JobAccount | null {
    if (event.type !== 'JobStarted') {
      this.fail('O1', `event ${event.seq} (${event.type}) is of a job that was not started`);
      return null;
    }
    const { spec, start } = event.data;
    const job: JobAccount = {
      ...{ status: 'running', run: 1, generation: 1, spec, start, pages: [], because: null, late: 0 },
      ...{ endedRuns: new Set(), history: new Map() },
    };
    this.jobs.set(event.jobId, job);
    admitStart(job);
    return job;
  }

  private decision(job: JobAccount, event: StoredEvent): void {
    const at = `event ${event.seq} (${event.type}) of ${event.jobId}`;
    if (!FROM[event.type]?.includes(job.status)) this.fail('O4', `${at} cannot follow ${job.status}`);
    const raises = ['JobResumed', 'JobRestarted', 'PagesRequeued'].includes(event.type);
    const run = 'run' in event.data ? event.data.run : job.run;
    if (run !== job.run + (raises ? 1 : 0)) this.fail('O4', `${at} is of run ${run}, behind run ${job.run}`);
    job.run = run;
    if (ENDS.includes(event.type)) job.endedRuns.add(run);
    job.status = TO[event.type] ?? 'running';
    if (event.type === 'JobResumed') job.spec = withChanges(job.spec, event.data.changes);
    if (event.type === 'JobCompleted') this.completed(job, event as StoredEvent<'JobCompleted'>, at);
    if (event.type === 'JobRestarted') {
      job.generation = event.data.generation;
      job.late = 0;
      admitStart(job);
    }
    if (event.type === 'PagesRequeued')
      for (const url of event.data.urls) {
        const page = pagesOf(job).get(url);
        if (!page) continue;
        if (page.outcome !== null) page.closed.at(-1)!.to = event.seq;
        Object.assign(page, { outcome: null, requeuedInRun: run });
      }
  }

  private completed(job: JobAccount, { data }: StoredEvent<'JobCompleted'>, at: string): void {
    const { because, pages } = data;
    const { fetched, failed, skipped, open } = counts(job);
    job.because = because;
    if (because === 'exhausted' && open > 0) this.fail('O1', `${at}: ${open} pages are open`);
    if (because === 'max-pages' && fetched + failed < job.spec.scope.maxPages!)
      this.fail('maxPages', `${at}: ${fetched + failed} pages are not ${job.spec.scope.maxPages}`);
    if (
      fetched !== pages.fetched ||
      failed !== pages.failed ||
      skipped !== pages.skipped ||
      open !== pages.open
    )
      this.fail('O5', `${at} says ${JSON.stringify(pages)}, but it is ${JSON.stringify(counts(job))}`);
  }

  private fact(job: JobAccount, event: PageEvent): void {
    const { data, type, seq } = event;
    const at = `event ${seq} (${type} ${data.url}) of ${event.jobId}`;
    const pages = job.pages[data.generation - 1];
    const page = pages?.get(data.url);
    if (!page) return this.fail('O1', `${at} is of a page that nobody has found`);
    if ('code' in data && data.code === 'internal') this.fail('O6', `${at} is a defect`);
    if ('attempt' in data && data.attempt > job.spec.retry.attempts)
      this.fail('attempts', `${at} is attempt ${data.attempt} of ${job.spec.retry.attempts}`);
    const counts =
      data.generation === job.generation && data.run >= page.requeuedInRun && page.outcome === null;
    if (!counts || type === 'FetchRetried') return;
    page.outcome = type === 'PageFetched' ? 'fetched' : type === 'FetchFailed' ? 'failed' : 'skipped';
    page.seq = seq;
    page.closed.push({ from: seq, to: Infinity });
    if (job.endedRuns.has(data.run)) job.late++;
    this.checkBudget(job, at);
    if (type !== 'PageFetched') return;
    for (const links of Object.values(event.data.links.follow))
      for (const link of links) admit(job, fromLink(link, originOf(event.data.finalUrl)));
  }

  /**
   * Exact, but for what comes from a run that was ended: a worker that was cut off may have an outcome in hand that its queue knows
   * nothing of any more, and a fact counts whenever it comes.
   */
  private checkBudget(job: JobAccount, at: string): void {
    const { maxPages } = job.spec.scope;
    const { fetched, failed } = counts(job);
    if (maxPages !== undefined && fetched + failed - job.late > maxPages)
      this.fail('maxPages', `${at}: ${fetched + failed} pages are more than ${maxPages}`);
  }
}

export const pagesOf = (job: JobAccount): Map<string, PageAccount> => job.pages[job.generation - 1]!;

export function counts(job: JobAccount): Counts {
  const counted = { fetched: 0, failed: 0, skipped: 0, open: 0 };
  for (const { outcome } of pagesOf(job).values()) counted[outcome ?? 'open']++;
  return counted;
}

function admitStart(job: JobAccount): void {
  job.pages.push(new Map());
  for (const url of job.start) admit(job, url);
  const { pages } = job.spec;
  for (let n = pages?.from ?? 1; n <= (pages?.to ?? 0); n++) admit(job, pageOfRange(pages!.template, n)!);
}

function admit(job: JobAccount, url: string): void {
  const pages = pagesOf(job);
  if (!pages.has(url)) pages.set(url, { url, outcome: null, seq: 0, requeuedInRun: 0, closed: [] });
}
