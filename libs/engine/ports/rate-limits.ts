/** What is left of a limit after a call was counted. */
export interface LimitVerdict {
  allowed: boolean;
  limit: number;
  remaining: number;
  /** Until the window ends, whole seconds, at least 1. */
  resetSeconds: number;
}

export interface Limit {
  /** Names what is counted; any text. */
  of: string;
  /** Calls in an hour. */
  perHour: number;
  /** Calls that this one counts as; default 1. */
  calls?: number;
}

/** Counts that hold over all processes and restarts, exact under any number of calls at once. */
export interface RateLimits {
  /**
   * Counts a call against each limit, or against none when one of them is used up; the verdict is of that one, or of the last. All
   * callers name limits that they share in one order: they wait for one another, and would do so for ever.
   */
  take(limits: readonly Limit[]): Promise<LimitVerdict>;
}
