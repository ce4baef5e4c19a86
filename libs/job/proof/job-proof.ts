import { fromLink, isUnreadable, originOf } from '#libs/events';
import type { EventHandlers, JobEventType, LogEntry, StoredEvent } from '#libs/events';
import type { FrontierCounts } from '../entry.js';
import { countsAsOutcome } from '../outcome-rule.js';
import { pageOfRange } from '../resolve-spec.js';
import { evolve, type JobState, type JobStatus } from '../state.js';
import type { HashKey } from '../url-hasher.js';
import { PageLedger, type Ending } from './page-ledger.js';
import { pageSet, type PageSet } from './page-set.js';

/** What one run did to the set of pages that have an outcome. */
export interface RunProof {
  run: number;
  generation: number;
  /** The decision that began it, and its sequence; the last event that belongs to it. */
  began: JobEventType;
  fromSeq: number;
  toSeq: number;
  /** Pages with an outcome when it began. */
  before: PageSet;
  /** Of these, pages that the decision itself opened again (requeue, restart). */
  reopened: number;
  /** Of these, pages whose outcome still stands at the run's end. Without reopened ones it is `before`, to the hash. */
  kept: PageSet;
  /** Pages with an outcome at its end. */
  after: PageSet;
  /** Outcomes that this run recorded of pages that had one when it began and were not opened again. Must be 0. */
  refetched: number;
  /** Second outcomes of pages of this run or an earlier one, from a task that was delivered twice: in the log, without effect. */
  repeated: number;
}

/** Every page accounted for, or where not. */
export interface JobProofReport {
  jobId: string;
  /** Sequence that it is true at, and its server time (ISO 8601). */
  seq: number;
  storedAt: string;
  status: JobStatus;
  run: number;
  generation: number;
  /** discovered = fetched + failed + skipped + open. */
  pages: FrontierCounts;
  known: PageSet;
  done: PageSet;
  runs: RunProof[];
  /** What does not hold; at most the first hundred. */
  violations: { seq: number; what: string }[];
  holds: boolean;
}

type RunSoFar = Omit<RunProof, 'toSeq' | 'kept' | 'after'>;

const MAX_VIOLATIONS = 100;

/**
 * Proves from a job's history alone that every page is accounted for once. It shares the rule of the first outcome with all other
 * folds, and nothing else: known pages, outcomes and sums are its own.
 */
export class JobProof {
  private state: JobState | null = null;
  private ledger: PageLedger;
  private start: string[] = [];
  private seq = 0;
  private storedAt = 0;
  private current: RunSoFar | null = null;
  private readonly runs: RunProof[] = [];
  private readonly violations: { seq: number; what: string }[] = [];

  constructor(
    private readonly jobId: string,
    private readonly hashKey: HashKey,
  ) {
    this.ledger = new PageLedger(hashKey);
  }

  /** Entries of the job in the order of the log. */
  apply(entry: LogEntry): void {
    if (isUnreadable(entry)) return this.violated(entry.seq, `it cannot be read: ${entry.reason}`);
    const handler = handlers[entry.type] as (proof: JobProof, event: StoredEvent) => void;
    handler(this, entry);
    this.seq = entry.seq;
    this.storedAt = entry.storedAt;
  }

  /** Null when the history holds no job. */
  report(): JobProofReport | null {
    if (!this.state) return null;
    const { status, run, generation } = this.state;
    const { counts } = this.ledger;
    const runs = this.current ? [...this.runs, this.ended(this.current)] : this.runs;
    const violations = [...this.violations, ...runs.flatMap(brokenRun)];
    if (counts.discovered !== counts.fetched + counts.failed + counts.skipped + counts.open)
      violations.push({ seq: this.seq, what: 'the pages do not add up' });
    return {
      ...{ jobId: this.jobId, seq: this.seq, storedAt: new Date(this.storedAt).toISOString() },
      ...{ status, run, generation },
      pages: counts,
      known: pageSet(this.ledger.known()),
      done: pageSet(this.ledger.doneBefore(Infinity)),
      ...{ runs, violations: violations.slice(0, MAX_VIOLATIONS), holds: violations.length === 0 },
    };
  }

  /** @internal */ violated(seq: number, what: string): void {
    if (this.violations.length < MAX_VIOLATIONS) this.violations.push({ seq, what });
  }

  /** @internal */ decided(event: Parameters<typeof evolve>[1]): void {
    this.state = evolve(this.state, event);
  }

  /** @internal A run ends and another one begins with `event`. */
  turn(event: StoredEvent<BeginningType>): void {
    const { seq } = event;
    if (this.current) this.runs.push(this.ended(this.current));
    const before = pageSet(this.ledger.doneBefore(seq));
    this.decided(event);
    const { run, generation } = this.state!;
    const reopened = this.open(event, before.pages);
    this.current = {
      ...{ run, generation, began: event.type, fromSeq: seq },
      ...{ before, reopened, refetched: 0, repeated: 0 },
    };
  }

  /** What the decision makes known or opens again. */
  private open(event: StoredEvent<BeginningType>, done: number): number {
    if (event.type === 'JobResumed' || event.type === 'JobForked') return 0;
    if (event.type === 'PagesRequeued') return this.requeue(event.data.urls, event.data.run);
    if (event.type === 'JobStarted') this.start = event.data.start;
    this.ledger = new PageLedger(this.hashKey);
    for (const url of this.start) this.ledger.know(url);
    const range = this.state!.spec.pages;
    for (let n = range?.from ?? 0; range && n <= range.to; n++) {
      const url = pageOfRange(range.template, n);
      if (url !== null) this.ledger.know(url);
    }
    return done;
  }

  private requeue(urls: string[], run: number): number {
    let reopened = 0;
    for (const url of urls) {
      const page = this.ledger.find(url);
      if (!page) continue;
      if (page.ending !== null) reopened++;
      Object.assign(page, { ending: null, endedAt: 0, requeuedInRun: run });
    }
    return reopened;
  }

  /** @internal An outcome; true when it counts. */
  outcome({ seq, type, data }: StoredEvent<OutcomeType>, ending: Ending): boolean {
    if (!this.state || !this.current || data.generation !== this.state.generation) return false;
    const page = this.ledger.find(data.url);
    if (!page) {
      this.violated(seq, `${type} of a page that was never found: ${data.url}`);
      return false;
    }
    const question = { factGeneration: data.generation, factRun: data.run, jobGeneration: data.generation };
    const { requeuedInRun, endedAt } = page;
    if (countsAsOutcome({ ...question, requeuedInRun, hasOutcome: page.ending !== null })) {
      Object.assign(page, { ending, endedAt: seq });
      return true;
    }
    if (data.run < requeuedInRun) return false;
    const isNew = endedAt < this.current.fromSeq && data.run === this.current.run;
    this.current[isNew ? 'refetched' : 'repeated']++;
    return false;
  }

  /** @internal */ follow(data: StoredEvent<'PageFetched'>['data']): void {
    const origin = originOf(data.finalUrl);
    for (const links of Object.values(data.links.follow))
      for (const link of links) this.ledger.know(fromLink(link, origin));
  }

  /** @internal The coordinator's own sum must be this one; at a spent budget late outcomes may have come in between. */
  completed({ seq, data }: StoredEvent<'JobCompleted'>): void {
    if (data.because !== 'exhausted') return;
    for (const [name, n] of Object.entries(this.ledger.counts))
      if (data.pages[name as keyof FrontierCounts] !== n)
        this.violated(seq, `it says ${data.pages[name as keyof FrontierCounts]} ${name}, the history ${n}`);
  }

  private ended(run: RunSoFar): RunProof {
    const kept = pageSet(this.ledger.doneBefore(run.fromSeq));
    const after = pageSet(this.ledger.doneBefore(Infinity));
    return { ...run, toSeq: this.seq, kept, after };
  }
}

type BeginningType = 'JobStarted' | 'JobResumed' | 'JobForked' | 'JobRestarted' | 'PagesRequeued';
type OutcomeType = 'PageFetched' | 'FetchFailed' | 'PageSkipped';

function brokenRun(proof: RunProof): { seq: number; what: string }[] {
  const { run, toSeq: seq, before, reopened, kept, refetched } = proof;
  const broken: { seq: number; what: string }[] = [];
  if (refetched > 0)
    broken.push({ seq, what: `run ${run} fetched ${refetched} pages again that had their outcome` });
  const isWhole = reopened === 0 ? kept.sha256 === before.sha256 : kept.pages === before.pages - reopened;
  if (!isWhole) broken.push({ seq, what: `run ${run} lost outcomes that were there when it began` });
  return broken;
}

const turn = (proof: JobProof, event: StoredEvent<BeginningType>): void => proof.turn(event);
const decided = (proof: JobProof, event: Parameters<typeof evolve>[1]): void => proof.decided(event);

const handlers: EventHandlers<JobProof> = {
  JobStarted: turn,
  JobResumed: turn,
  JobForked: turn,
  JobImported: decided,
  ReextractionStarted: decided,
  ReextractionCompleted: decided,
  ItemsReextracted: () => undefined,
  JobRestarted: turn,
  PagesRequeued: turn,
  JobPaused: decided,
  JobStopped: decided,
  ProxyFailed: decided,
  JobCompleted: (proof, event) => {
    proof.completed(event);
    proof.decided(event);
  },
  JobRemoved: decided,
  PageFetched: (proof, event) => {
    if (proof.outcome(event, 'fetched')) proof.follow(event.data);
  },
  FetchFailed: (proof, event) => void proof.outcome(event, 'failed'),
  PageSkipped: (proof, event) => void proof.outcome(event, 'skipped'),
  FetchRetried: () => undefined,
};
