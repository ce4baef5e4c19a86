import type { Clock, CoordinatorReading, EventLog } from '#libs/engine/ports';
import { finding, type Finding } from './findings.js';
import { Lasting } from './lasting.js';

const STALLED_AFTER_MS = 15_000;

/** Whether a coordinator that leads reads the log on: with its lease renewed and its fold at rest it would look well to all others. */
export class CoordinatorWatch {
  private readonly stuck = new Lasting<number>();

  constructor(
    private readonly coordinator: { readonly reading: CoordinatorReading },
    private readonly eventLog: Pick<EventLog, 'head'>,
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly stalledAfterMs = STALLED_AFTER_MS,
  ) {}

  async look(): Promise<Finding[]> {
    const { shard, position } = this.coordinator.reading;
    const { lastSeq } = await this.eventLog.head(shard);
    const behind = position !== null && position < lastSeq;
    const stuckFor = this.stuck.see(behind ? position : null, this.clock.monotonic());
    if (stuckFor === null || stuckFor < this.stalledAfterMs) return [];
    const message = `The coordinator of shard ${shard} stands still at event ${position} of ${lastSeq}.`;
    return [finding('coordinator_stalled', message, { shard })];
  }
}
