import { catalogue, isUnreadable, type JobEvent, type PageEvent, type StoredEvent } from '#libs/events';
import type { AuditedEntry } from '#libs/engine/ports';
import { Frontier, type HashKey } from '#libs/job';
import { finding, RESTORE, type LogFinding, type LogFindingCode } from './finding.js';

/** Run and generation that each decision leads to from those before it. */
const expectedRun = ({ type }: JobEvent, run: number): number =>
  type === 'JobResumed' || type === 'JobRestarted' || type === 'PagesRequeued' ? run + 1 : run;

/**
 * Follows one job through the log: each decision must name the one before it, runs and generations must rise by one, no fact may
 * come from a run that has not begun, and a job may not have fewer outcomes than it had when it was completed.
 */
export class JobCheck {
  private readonly ids = new Set<string>();
  private readonly frontier: Frontier;
  private lastDecision = 0;
  private run = 0;
  private generation = 1;
  private begun = false;
  /** One broken history is one finding, not one for every event behind it. */
  private broken = false;

  constructor(
    private readonly shard: number,
    readonly jobId: string,
    hashKey: HashKey,
  ) {
    this.frontier = new Frontier(jobId, hashKey);
  }

  see({ entry, expectedSeq }: AuditedEntry): LogFinding[] {
    if (isUnreadable(entry)) {
      // What it said is not known, so nothing can be said about what builds on it.
      this.broken = true;
      return [];
    }
    const found = this.duplicate(entry);
    if (isDecision(entry)) found.push(...this.decision(entry, expectedSeq));
    else found.push(...this.fact(entry));
    if (!this.broken && this.begun) this.fold(entry, found);
    return found;
  }

  private duplicate({ id, seq }: StoredEvent): LogFinding[] {
    // All ids of a job begin with its own; without it they take half the memory.
    const name = id.startsWith(this.jobId) ? id.slice(this.jobId.length) : id;
    if (!this.ids.has(name)) {
      this.ids.add(name);
      return [];
    }
    const fix =
      'Harmless: folds take the first one. Check that duplicate_window of the stream is 2 minutes or more.';
    return [this.about('duplicate_event', seq, `The id of event ${seq} is in the log already.`, fix)];
  }

  private decision(event: JobEvent, expectedSeq: number | null): LogFinding[] {
    const found: LogFinding[] = [];
    const { seq, type } = event;
    const previous = this.lastDecision;
    this.lastDecision = seq;
    // The tombstone of a removed job: what it names as its predecessor is purged.
    if (type === 'JobRemoved' && previous === 0) {
      this.broken = true;
      return found;
    }
    if (expectedSeq !== null && expectedSeq !== previous)
      found.push(
        this.about(
          'decision_missing',
          seq,
          `${type} at ${seq} was decided on event ${expectedSeq}, but the decision before it is ${previous || 'none'}.`,
          RESTORE,
        ),
      );
    if (type === 'JobStarted') this.begun = true;
    else if (!this.begun && !this.broken) found.push(this.beginning(seq, type));
    if (!this.broken) found.push(...this.order(event));
    return found;
  }

  private order(event: JobEvent): LogFinding[] {
    const { data, seq, type } = event;
    const run = 'run' in data ? data.run : this.run;
    const generation = type === 'JobRestarted' ? event.data.generation : this.generation;
    const expected = type === 'JobStarted' ? 1 : expectedRun(event, this.run);
    const expectedGeneration = this.generation + (type === 'JobRestarted' ? 1 : 0);
    const before = this.run;
    this.run = run;
    this.generation = generation;
    if (run === expected && generation === expectedGeneration) return [];
    const text = `${type} at ${seq} is of run ${run}, generation ${generation}, after run ${before}: expected run ${expected}, generation ${expectedGeneration}.`;
    return [this.about('run_out_of_order', seq, text, RESTORE)];
  }

  private fact({ data, seq, type }: PageEvent): LogFinding[] {
    if (this.broken) return [];
    if (!this.begun) return [this.beginning(seq, type)];
    if (data.run <= this.run && data.generation <= this.generation) return [];
    const text = `${type} at ${seq} is of run ${data.run}, generation ${data.generation}, which has not begun there.`;
    return [this.about('run_out_of_order', seq, text, RESTORE)];
  }

  private beginning(seq: number, type: string): LogFinding {
    this.broken = true;
    return this.about('facts_without_job', seq, `The history begins with ${type} at ${seq}.`, RESTORE);
  }

  private fold(entry: StoredEvent, found: LogFinding[]): void {
    if (entry.type === 'JobCompleted') {
      const { fetched, failed, skipped } = this.frontier.counts;
      const { pages } = entry.data;
      const missing = pages.fetched + pages.failed + pages.skipped - (fetched + failed + skipped);
      if (missing > 0)
        found.push(
          this.about(
            'outcomes_missing',
            entry.seq,
            `When the job was completed, ${missing} more pages had an outcome than the log tells of.`,
            RESTORE,
          ),
        );
    }
    try {
      this.frontier.apply(entry);
      this.frontier.takeOpened();
    } catch (error) {
      this.broken = true;
      const text = error instanceof Error ? error.message : 'it cannot be folded';
      found.push(this.about('history_broken', entry.seq, `The history cannot be folded: ${text}.`, RESTORE));
    }
  }

  private about(code: LogFindingCode, seq: number, message: string, fix: string): LogFinding {
    return finding(code, { shard: this.shard, seq, jobId: this.jobId }, message, fix);
  }
}

const isDecision = (event: StoredEvent): event is JobEvent => catalogue[event.type].family === 'job';
