import type { JobEvent } from '#libs/events';
import { statusAfter } from '#libs/job';
import type { Clock, EventLog, Logger } from '#libs/engine/ports';
import { describeError } from '../describe-error.js';
import type { RemoveJob } from './remove-job.js';

const EVERY_MS = 3_600_000;

export interface RetentionOptions {
  shard: number;
  /** Jobs that are done or stopped are removed when their last decision is older; null: none ever is. */
  maxAgeMs: number | null;
  /** Default an hour. */
  everyMs?: number;
}

/**
 * Finishes removals that were interrupted, and removes what has outlived its time. What waits for a person (paused, error) stays.
 */
export class RetentionSweep {
  /** Removed jobs of which nothing is left, as far as this process has seen. */
  private readonly finished = new Set<string>();

  constructor(
    private readonly deps: {
      eventLog: Pick<EventLog, 'lastDecisions'>;
      clock: Pick<Clock, 'now' | 'sleep'>;
      logger: Logger;
      removal: RemoveJob;
    },
    private readonly options: RetentionOptions,
  ) {}

  /** Until `signal` fires. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.sweep(signal).catch((error: unknown) => {
        if (!signal.aborted) this.deps.logger.warn({ error: describeError(error) }, 'retention interrupted');
      });
      await this.deps.clock.sleep(this.options.everyMs ?? EVERY_MS, signal).catch(() => undefined);
    }
  }

  private async sweep(signal: AbortSignal): Promise<void> {
    for (const last of await this.deps.eventLog.lastDecisions(this.options.shard)) {
      if (signal.aborted) return;
      if (last.type === 'JobRemoved') await this.finish(last, signal);
      else if (this.isOver(last)) await this.remove(last);
    }
  }

  private async finish({ jobId, seq }: JobEvent, signal: AbortSignal): Promise<void> {
    if (this.finished.has(jobId)) return;
    const { removal, logger } = this.deps;
    if (await removal.isUnfinished(jobId)) {
      logger.info({ jobId }, 'a removal that was interrupted is finished');
      await removal.finish(jobId, seq, signal);
    }
    this.finished.add(jobId);
  }

  private isOver(last: JobEvent): boolean {
    const { maxAgeMs } = this.options;
    const status = statusAfter(last);
    if (maxAgeMs === null || (status !== 'done' && status !== 'stopped')) return false;
    // A copy that is not finished is somebody's work.
    return !last.data.copiedFrom && this.deps.clock.now() - last.storedAt > maxAgeMs;
  }

  private async remove({ jobId, seq }: JobEvent): Promise<void> {
    const { removal, logger } = this.deps;
    const reason = 'it has outlived the time for which jobs are kept';
    try {
      await removal.run(jobId, { commandId: `retention-${seq}`, reason }, seq);
      logger.info({ jobId }, 'job removed: it has outlived its time');
    } catch (error) {
      // Somebody went on with it in this moment.
      logger.warn({ jobId, error: describeError(error) }, 'job not removed');
    }
  }
}
