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
  const until = AbortSignal.any([signal, ending.signal]);
  const watching = (async () => {
    for await (const progress of log.progress.watch(jobId, until)) onProgress(progress);
  })().catch(() => undefined);
  try {
    // The watch begins before the look, so that no decision falls between them.
    const decisions = log.eventLog.watchDecisions(shardOf(jobId), until)[Symbol.asyncIterator]();
    const nextOfJob = async (): Promise<void> => {
      for (;;) {
        const { done, value } = await decisions.next();
        if (done || value.jobId === jobId) return;
      }
    };
    let decided = nextOfJob();
    for (;;) {
      const state = await jobs.state(jobId);
      if (state && (signal.aborted || state.status !== 'running')) return state;
      // The watch may be cut off with its server; a look now and then costs little.
      const look = clock.sleep(2000, until).catch(() => undefined);
      await Promise.race([decided.then(() => (decided = nextOfJob())), look]);
    }
  } finally {
    ending.abort();
    await watching;
  }
}
