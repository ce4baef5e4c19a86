export type Outcome = 'open' | 'fetched' | 'failed' | 'skipped';

/** One known URL of a job. `url` is kept while the page is open only. */
export interface Entry {
  readonly index: number;
  url: string;
  depth: number;
  stage: string;
  outcome: Outcome;
  /** Attempts burned, and the highest try seen in `tryRun`. */
  attempts: number;
  tries: number;
  tryRun: number;
  /** Server time at which a waiting retry is due; 0 when it does not wait. */
  dueAt: number;
  /** Run in which the page was opened again; its older facts do not count. */
  requeuedInRun: number;
}

export type StageCounts = Record<Outcome, number>;

export interface FrontierCounts {
  discovered: number;
  fetched: number;
  failed: number;
  skipped: number;
  open: number;
}

export function openEntry(index: number, url: string, depth: number, stage: string): Entry {
  return {
    index,
    url,
    depth,
    stage,
    outcome: 'open',
    attempts: 0,
    tries: 0,
    tryRun: 0,
    dueAt: 0,
    requeuedInRun: 0,
  };
}
