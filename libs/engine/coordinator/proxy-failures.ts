import type { EventHandlers, EventType, StoredEvent } from '#libs/events';
import { failures, isFailureCode } from '#libs/failures';
import type { FailedTry } from '#libs/job';

interface Counted {
  run: number;
  count: number;
  last: FailedTry | null;
}

const NONE = { count: 0, last: null };
const again = (before: Counted): Counted => ({ ...before, ...NONE });
const newRun = (_: Counted, { data }: { data: { run: number } }): Counted => ({ run: data.run, ...NONE });

const handlers: EventHandlers<Counted, Counted, EventType> = {
  FetchRetried: (before, { data }) => {
    const { url, attempt, code, message, statusCode, vendorText, hint, run } = data;
    const ofTheProxy = !data.burned && isFailureCode(code) && failures[code].stopsJob;
    if (!ofTheProxy) return again(before);
    if (run !== before.run) return before;
    const last = { url, attempt, code, message, statusCode, vendorText, hint };
    return { run, count: before.count + 1, last };
  },
  PageFetched: again,
  FetchFailed: again,
  // May have been said by a robots.txt that was read long before.
  PageSkipped: 'ignored',
  JobStarted: newRun,
  JobResumed: newRun,
  JobRestarted: newRun,
  PagesRequeued: newRun,
  JobForked: newRun,
  JobImported: 'ignored',
  ReextractionStarted: 'ignored',
  ReextractionCompleted: 'ignored',
  ItemsReextracted: 'ignored',
  JobPaused: 'ignored',
  JobStopped: 'ignored',
  ProxyFailed: 'ignored',
  JobCompleted: 'ignored',
  JobRemoved: 'ignored',
};

/** Proxy failures in a row that a job has borne, over all workers: a fold, so it is the same after any restart. */
export class ProxyFailures {
  private state: Counted = { run: 1, ...NONE };

  apply(event: StoredEvent): void {
    const handler = handlers[event.type];
    // The key of a mapped type and the event it belongs to are correlated, which the compiler cannot follow.
    if (handler !== 'ignored')
      this.state = (handler as (s: Counted, e: StoredEvent) => Counted)(this.state, event);
  }

  /** The last failure when there are more in a row than `tolerance`; null otherwise. */
  beyond(tolerance: number): FailedTry | null {
    return this.state.count > tolerance ? this.state.last : null;
  }
}
