import { isUnreadable, type LogEntry } from '#libs/events';
import type { Frontier } from '#libs/job';
import type { ProxyFailures } from './proxy-failures.js';

/** Known pages that all resting jobs may have together: some 200 MB. */
const MAX_PAGES = 2_000_000;

/** What is known of a job whichever way it is paced. */
export interface Rested {
  readonly frontier: Frontier;
  readonly proxyFailures: ProxyFailures;
}

/**
 * The folds of jobs that were paused, stopped or failed while they were led: the tail of the log brings what still comes for them, so a
 * resume goes on at once instead of reading a history that was here a moment ago. Those that rested longest go first.
 */
export class RestingJobs {
  private readonly jobs = new Map<string, Rested>();

  constructor(private readonly maxPages = MAX_PAGES) {}

  /** Takes the fold over; it must have seen all that the tail has brought. */
  add({ frontier, proxyFailures }: Rested): void {
    if (!isResting(frontier)) return;
    this.jobs.set(frontier.jobId, { frontier, proxyFailures });
    let pages = 0;
    for (const { frontier: each } of this.jobs.values()) pages += each.counts.discovered;
    for (const [jobId, { frontier: each }] of this.jobs) {
      if (pages <= this.maxPages) return;
      pages -= each.counts.discovered;
      this.jobs.delete(jobId);
    }
  }

  /** One entry of the tail. @returns what rests of its job, that entry included */
  fold(entry: LogEntry): Rested | null {
    const rested = entry.jobId === null ? undefined : this.jobs.get(entry.jobId);
    if (!rested) return null;
    // Whoever reads its history anew knows what to do about it.
    if (isUnreadable(entry) || entry.type === 'JobRemoved') {
      this.jobs.delete(entry.jobId!);
      return null;
    }
    rested.frontier.apply(entry);
    rested.proxyFailures.apply(entry);
    rested.frontier.takeOpened();
    return rested;
  }

  take(jobId: string): void {
    this.jobs.delete(jobId);
  }
}

const isResting = ({ state }: Frontier): boolean =>
  state !== null && ['paused', 'stopped', 'error'].includes(state.status);
