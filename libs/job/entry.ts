export const OUTCOMES = ['open', 'fetched', 'failed', 'skipped'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** One known URL of a job, as it is at the moment of asking: a look at the frontier, which goes on. Two looks are equal by `index`. */
export interface Entry {
  readonly index: number;
  /** Kept while the page is open only; empty otherwise. */
  readonly url: string;
  readonly depth: number;
  readonly stage: string;
  readonly outcome: Outcome;
  /** Attempts burned, and the highest try that was retried in `tryRun`; of an open page. */
  readonly attempts: number;
  readonly tries: number;
  readonly tryRun: number;
  /** Server time at which a waiting retry is due; 0 when it does not wait. */
  readonly dueAt: number;
  /** Run in which the page was opened again; its older facts do not count. */
  readonly requeuedInRun: number;
}

export type StageCounts = Record<Outcome, number>;

export interface FrontierCounts {
  discovered: number;
  fetched: number;
  failed: number;
  skipped: number;
  open: number;
}
