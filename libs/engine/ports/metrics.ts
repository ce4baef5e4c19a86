import type { EventType } from '#libs/events';
import type { FailureCode } from '#libs/failures';
import type { FetchOutcome } from './fetcher.js';

/**
 * What the engine counts about itself, in its own words. Left out where nobody looks. Every call is quick and never throws, and no
 * decision is made on any of it. Times are ms.
 */
export interface Metrics {
  /** The log has taken an event of this process. @param ms from handing it over to its acknowledgement */
  eventStored(type: EventType, ms: number): void;
  /** The log has refused an event for want of room. */
  logRefused(): void;
  fetchEnded(outcome: FetchOutcome): void;
  pageRetried(code: string): void;
  pageParsed(ms: number): void;
  /** A task that was taken has waited for a slot to be worked on in. */
  slotWaited(ms: number): void;
  proxyFailed(code: FailureCode): void;
  leaseChanged(shard: number, change: 'taken' | 'lost'): void;
  /** The read models have taken a batch. */
  batchCommitted(events: number, ms: number): void;
}

/** A worker at the moment of the question. */
export interface WorkerReading {
  inFlight: number;
  slots: number;
}

/** A coordinator at the moment of the question, summed over its jobs: labels by job or host would have no bound. */
export interface CoordinatorReading {
  shard: number;
  leading: boolean;
  jobs: number;
  pages: { queued: number; inFlight: number; waiting: number };
  /** Hosts with pages that wait for the next moment at which they may be requested. */
  hostsDelayed: number;
  /** Until the last of those moments, ms. */
  longestDelayMs: number;
  /** Jobs left alone because a decision cannot be read. */
  unreadable: number;
  /** Sequence up to which the log is folded; null when it does not lead. */
  position: number | null;
}
