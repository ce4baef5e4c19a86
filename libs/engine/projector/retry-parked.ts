import { StaleCheckpointError, type ParkedJob } from '#libs/engine/ports';
import { ShardFold, type ProjectorDeps } from './shard-fold.js';

export interface Retried extends Omit<ParkedJob, 'jobId'> {
  jobId: string;
  /** All that waited is in. */
  unparked: boolean;
}

/**
 * Folds the parked events of jobs once more, at the place where the fold stands.
 * @param wanted which of them
 * @throws StaleCheckpointError when another projector moves on in between; what was not written is still parked
 */
export async function retryParked(
  { eventLog, store, logger }: Omit<ProjectorDeps, 'clock'>,
  fold: ShardFold,
  shard: number,
  wanted: (parked: ParkedJob) => boolean,
): Promise<Retried[]> {
  const retried: Retried[] = [];
  const { seq } = fold.at;
  for (const parked of await store.parked(shard)) {
    const { jobId, firstSeq } = parked;
    if (jobId === null || !wanted(parked)) continue;
    let unparked = true;
    for await (const batch of eventLog.readJob(jobId, { fromSeq: firstSeq })) {
      const entries = batch.entries.filter((entry) => entry.seq <= seq);
      if (entries.length === 0) break;
      const { parkedJobs } = await fold.unpark(jobId, entries);
      if (!parkedJobs.has(jobId)) continue;
      logger.warn({ job: jobId }, 'this version cannot fold the parked events of the job either');
      unparked = false;
      break;
    }
    retried.push({ ...parked, jobId, unparked });
  }
  return retried;
}

/** A live projector that is busy moves on between any two looks. */
const TRIES = 50;

/** The same beside live projectors: they go on, and it begins again where they are. */
export async function unparkJobs(
  deps: ProjectorDeps,
  options: { shard: number; codeVersion: string; jobId?: string | undefined },
): Promise<Retried[]> {
  const { shard, codeVersion, jobId } = options;
  const done = new Map<string, Retried>();
  for (let attempt = 1; ; attempt++) {
    const at = await deps.store.checkpoint(shard);
    if (!at) return [];
    const fold = new ShardFold(deps, shard, codeVersion);
    fold.at = at;
    try {
      const wanted = (parked: ParkedJob): boolean => jobId === undefined || parked.jobId === jobId;
      for (const one of await retryParked(deps, fold, shard, wanted)) done.set(one.jobId, one);
      return [...done.values()];
    } catch (error) {
      if (!(error instanceof StaleCheckpointError) || attempt === TRIES) throw error;
      await deps.clock.sleep(20);
    }
  }
}
