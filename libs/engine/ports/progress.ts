export interface JobProgress {
  jobId: string;
  status: string;
  run: number;
  /** Position of the fold that these numbers are true at. */
  seq: number;
  discovered: number;
  fetched: number;
  failed: number;
  skipped: number;
  queued: number;
  inFlight: number;
  waiting: number;
}

/** Best effort, about once a second for each running job: for people who watch, never a truth. */
export interface ProgressFeed {
  publish(progress: JobProgress): void;
  watch(jobId: string | null, signal: AbortSignal): AsyncIterable<JobProgress>;
}
