import { SpoorError } from '#libs/failures';
import { foldDecisions } from '#libs/job';
import { ConflictError, type Bodies, type Clock, type EventLog, type LogPurge } from '#libs/engine/ports';
import { appendDecision } from '../jobs/append-decision.js';

/** Between two steps, so that a long history does not hold up those who write and read beside it. */
const STEP_PAUSE_MS = 20;

export interface RemoveJobDeps {
  eventLog: Pick<EventLog, 'readDecisions' | 'appendJob'>;
  purge: LogPurge;
  bodies: Pick<Bodies, 'removeJob'>;
  clock: Pick<Clock, 'now' | 'sleep'>;
  /** What else is kept of a job outside the log. */
  forget?: ((jobId: string) => void) | undefined;
}

/**
 * JobRemoved is appended first: from then on no fold shows the job, whatever of it is still there. Then facts, bodies, long lists and
 * decisions go, in this order, so that a removal that was interrupted is seen by the decisions before JobRemoved, and finished by
 * whoever asks again.
 */
export class RemoveJob {
  constructor(private readonly deps: RemoveJobDeps) {}

  /**
   * @param expectedSeq the job's last decision that whoever asks knows of; default: whatever it is
   * @returns the sequence of JobRemoved
   * @throws SpoorError job_not_found, impossible_transition, conflict
   */
  async run(
    jobId: string,
    request: { commandId: string; reason?: string | undefined },
    expectedSeq?: number,
  ): Promise<number> {
    const { eventLog } = this.deps;
    const state = foldDecisions(await eventLog.readDecisions(jobId, { bulk: false }));
    if (state?.status === 'removed') {
      await this.finish(jobId, state.lastSeq);
      return state.lastSeq;
    }
    const changed = new SpoorError('conflict', `Job ${jobId} was changed meanwhile; it was not removed.`);
    if (expectedSeq !== undefined && state?.lastSeq !== expectedSeq) throw changed;
    try {
      const seq = await appendDecision(this.deps, jobId, state, { type: 'remove', ...request });
      await this.finish(jobId, seq);
      return seq;
    } catch (error) {
      throw error instanceof ConflictError ? changed : error;
    }
  }

  /** Takes out what a removed job left behind. @param seq of its JobRemoved */
  async finish(jobId: string, seq: number, signal?: AbortSignal): Promise<void> {
    const { purge, bodies, clock, forget } = this.deps;
    while (await purge.pageFacts(jobId, seq)) await clock.sleep(STEP_PAUSE_MS, signal);
    await bodies.removeJob(jobId);
    forget?.(jobId);
    await purge.rest(jobId, seq);
  }

  /** Whether a removal was interrupted. */
  async isUnfinished(jobId: string): Promise<boolean> {
    return (await this.deps.eventLog.readDecisions(jobId, { bulk: false })).length > 1;
  }
}
