/** Time as the engine sees it; the simulator brings its own. */
export interface Clock {
  /** Wall clock, ms since the epoch. */
  now(): number;
  /** Never goes back; for waiting and pacing only. */
  monotonic(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
