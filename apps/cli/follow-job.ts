import type { JobState } from '#libs/job';
import { shardOf } from '#libs/events';
import type { JobProgress } from '#libs/engine/ports';
import type { Resources } from '#libs/hosting';

/**
 * Watches a job until it no longer runs; progress on the way. Ends with the last known state also when `signal` fires.
 */
export async function followJob(
  { log, jobs, clock }: Resources,
  jobId: string,
  onProgress: (progress: JobProgress) => void,
  signal: AbortSignal,
): Promise<JobState> {
  const ending = new AbortController();
  const until = ending.signal;
  const end = (): void => ending.abort();
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  const watching = (async () => {
    for await (const progress of log.progress.watch(jobId, until)) onProgress(progress);
  })().catch(() => undefined);
  try {
    // The watch begins before the look, so that no decision falls between them.
    const decisions = log.eventLog.watchDecisions(shardOf(jobId), until)[Symbol.asyncIterator]();
    let decided: Promise<void> | null = null;
    const nextOfJob = async (): Promise<void> => {
      for (;;) {
        const { done, value } = await decisions.next();
        if (done || value.jobId === jobId) break;
      }
      decided = null;
    };
    for (;;) {
      const state = await jobs.state(jobId);
      if (state && (signal.aborted || state.status !== 'running')) return state;
      // One wait for the next decision, however many looks go by: the watch may be cut off with its server, and a look costs little.
      decided ??= nextOfJob();
      await Promise.race([decided, clock.sleep(2000, until).catch(() => undefined)]);
    }
  } finally {
    signal.removeEventListener('abort', end);
    end();
    await watching;
  }
}
