import type { TruthSiteOptions } from '../../support/truth-site.js';

/** What a run begins with, and what may be different about its end. */
export interface Scenario {
  name: string;
  site?: Partial<TruthSiteOptions>;
  /** What the job's spec says beside the usual. */
  spec?: object;
  allow?: Allowance;
}

export interface Allowance {
  /** Requests of pages that were in flight when it struck, beyond the first; default 32, the job's concurrency. */
  repeats?: number;
  /** Of these, how many may come after the page was committed: by processes that held tasks and knew nothing. Default 0. */
  afterCommit?: number;
  /** The server's clock cannot be held against the site's. */
  clocksDiffer?: boolean;
  /** How long the job may take to its end after all is mended, ms; default 180,000, for busy machines. */
  endMs?: number;
}
