import type { JobRecord } from '../rows.js';

/** What the fold must know of a page to place one more fact about it. */
export interface PageState {
  outcome: 'fetched' | 'failed' | 'skipped' | null;
  /** Of a fetched page. */
  statusCode: number;
  /** Run in which it was last opened again; 0 if never. */
  requeuedInRun: number;
  /** Highest try that was retried, so that a retry stored twice counts once; 0 if none. */
  retriedRun: number;
  retriedTry: number;
  /** Highest version that its items were extracted anew for since it was fetched; 0 if none. */
  itemVersion: number;
  /** Rows under this page's id exist: of an outcome before a requeue, or of a link that was held back. */
  hasRows: boolean;
}

/** Present state of the jobs and pages that a batch names. The fold changes it in place. */
export interface FoldState {
  jobs: Map<string, JobRecord>;
  /** By page id; a page that is missing here is unknown. */
  pages: Map<string, PageState>;
  /** Jobs that wait behind a poison event. */
  parkedJobs: Set<string>;
}

export const unknownPage = (): PageState => ({
  outcome: null,
  statusCode: 0,
  requeuedInRun: 0,
  retriedRun: 0,
  retriedTry: 0,
  itemVersion: 0,
  hasRows: false,
});

/** Never again shown as held back by a link: once true it stays true, so it may be remembered. */
export const isSettled = (page: PageState): boolean =>
  page.outcome !== null || page.hasRows || page.requeuedInRun > 0;

/** A page that a page row alone does not tell about: skipped, requeued, retried, or extracted again. */
export interface PageMark extends Omit<PageState, 'hasRows'> {
  pageId: string;
  jobId: string;
}

/** An event that waits: the poison one with its reason, and those of the same job behind it without. */
export interface ParkedRecord {
  shard: number;
  seq: number;
  jobId: string | null;
  eventId: string | null;
  type: string | null;
  reason: string | null;
  codeVersion: string;
  /** Server's clock, ISO 8601. */
  storedAt: string;
}
