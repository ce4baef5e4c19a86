import type { LogEntry } from '#libs/events';
import type { Clock, EventLog, Logger, Metrics, Position, ProjectionStore } from '#libs/engine/ports';
import type { ParkedRecord } from '#libs/read-models';
import { commitEntries, type CommitContext, type Committed } from './commit-entries.js';
import { HeldBackLinks } from './held-back-links.js';

/** The part of the log that a projection needs: it only ever reads. */
export type ProjectorLog = Pick<EventLog, 'head' | 'eventIdAt' | 'readShard' | 'readJob' | 'lastDecisions'>;

export interface ProjectorDeps {
  eventLog: ProjectorLog;
  store: ProjectionStore;
  clock: Clock;
  logger: Logger;
  metrics?: Metrics | undefined;
}

/** The fold of one shard's log into a store, from a known checkpoint on. Fails with whatever fails; decides nothing about it. */
export class ShardFold {
  /** Where the store stands, as far as this process knows. */
  at: Position;
  lastProgressAt: number | null = null;
  private readonly context: CommitContext;

  constructor(
    private readonly deps: ProjectorDeps,
    private readonly shard: number,
    codeVersion: string,
  ) {
    const onParked = (parked: readonly ParkedRecord[]): void => this.tell(parked);
    this.context = { store: deps.store, shard, codeVersion, held: new HeldBackLinks(), onParked };
  }

  /** The store may not be what this process believes it is: what was remembered of it goes. */
  forget(): void {
    this.context.held.clear();
  }

  /** Entries up to `upTo`, without a gap behind the checkpoint; what is in already is left out. */
  async commit(entries: readonly LogEntry[], upTo: number): Promise<void> {
    const expected = this.at;
    if (upTo <= expected.seq) return;
    const nextAt = (seq: number, last: LogEntry | undefined): Position => ({
      stream: expected.stream,
      seq,
      eventId: last?.seq === seq ? last.id : null,
    });
    const fresh = entries.filter((entry) => entry.seq > expected.seq);
    const began = this.deps.clock.monotonic();
    const { position } = await commitEntries(this.context, { entries: fresh, expected, nextAt, upTo });
    this.deps.metrics?.batchCommitted(fresh.length, this.deps.clock.monotonic() - began);
    this.at = position;
    this.lastProgressAt = this.deps.clock.now();
  }

  /**
   * Reads on from the checkpoint to what was the log's end at the call, or to `upTo` and no further.
   * @throws when `signal` fires: the reader ends without a word then, and whoever went on would leave a gap behind
   */
  async read(upTo: number | null, signal?: AbortSignal): Promise<void> {
    const options = { fromSeq: this.at.seq + 1, follow: false, ...(signal ? { signal } : {}) };
    for await (const batch of this.deps.eventLog.readShard(this.shard, options)) {
      const end = Math.min(batch.upTo, upTo ?? Infinity);
      const entries = batch.entries.filter(({ seq }) => seq <= end);
      await this.commit(entries, end);
      if (upTo !== null && this.at.seq >= upTo) return;
    }
    signal?.throwIfAborted();
  }

  /** Events of a job that were parked, once more; the checkpoint stays. */
  async unpark(jobId: string, entries: LogEntry[]): Promise<Committed> {
    const { at } = this;
    const upTo = entries.at(-1)?.seq ?? 0;
    return commitEntries(this.context, { entries, expected: at, nextAt: () => at, upTo, unpark: jobId });
  }

  private tell(parked: readonly ParkedRecord[]): void {
    for (const { jobId, seq, type, reason } of parked)
      if (reason !== null)
        this.deps.logger.error(
          { shard: this.shard, jobId, seq, type },
          `event parked, and its job with it: ${reason}`,
        );
  }
}
