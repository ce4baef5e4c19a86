import { statusAfter } from '#libs/job';
import type { Clock, LogInspection } from '#libs/engine/ports';

/** All jobs of a shard are looked at for it, so it takes at most this part of the time. */
const SHARE = 20;
const LEAST_MS = 2000;

export interface JobsSeen {
  running: string[];
  unreadable: { jobId: string; seq: number; reason: string }[];
}

/** Which jobs the log calls running, and which have a decision that cannot be read; remembered, since it costs with their number. */
export class DecisionScan {
  private seen: JobsSeen | null = null;
  private nextAt = 0;

  constructor(
    private readonly inspection: Pick<LogInspection, 'lastDecisions'>,
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly shard: number,
  ) {}

  /** @throws SpoorError store_unavailable */
  async jobs(): Promise<JobsSeen> {
    const began = this.clock.monotonic();
    if (this.seen && began < this.nextAt) return this.seen;
    const { decisions, unreadable } = await this.inspection.lastDecisions(this.shard);
    const now = this.clock.monotonic();
    this.nextAt = now + Math.max(LEAST_MS, (now - began) * SHARE);
    this.seen = {
      running: decisions.filter((last) => statusAfter(last) === 'running').map(({ jobId }) => jobId),
      unreadable: unreadable.map(({ jobId, seq, reason }) => ({ jobId: jobId ?? 'unknown', seq, reason })),
    };
    return this.seen;
  }
}
