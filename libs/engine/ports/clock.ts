/** Time as the engine sees it; the simulator brings its own. */
export interface Clock {
  /** Wall clock, ms since the epoch. */
  now(): number;
  /** Never goes back; for waiting and pacing only. */
  monotonic(): number;
  /** Rejects with an AbortError when `signal` fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once; the answer takes it back. */
  timer(ms: number, callback: () => void): () => void;
}
