import type { JobEvent } from '#libs/events';
import { describeError } from '../describe-error.js';
import type { Delivery, PullHandle, WorkerReading } from '../ports/index.js';
import { BatchRun } from './batch-run.js';
import type { WorkerDeps } from './deps.js';
import { endedBy, EndedRuns, type RunEnd } from './ended-runs.js';
import { JobCache } from './job-cache.js';
import { Slots } from './slots.js';

export interface WorkerOptions {
  shard: number;
  /** Kind of tasks it takes, as the coordinator names it. */
  pool: string;
  /** Pages at once (default 32). */
  slots?: number;
}

const WATCH_AGAIN_MS = 1000;
/** Time for aborted batches to be handed back. */
const GIVE_BACK_MS = 2000;

/**
 * Takes batches of tasks from the queue, and acknowledges each when the outcome of every task of it is in the log. Stateless: a
 * worker that dies loses nothing, and as many as wanted may run.
 */
export class Worker {
  private readonly slots: Slots;
  private readonly size: number;
  private readonly jobs: JobCache;
  private readonly ended = new EndedRuns();
  /** By the batch's sequence in the queue. */
  private readonly batches = new Map<number, { run: BatchRun; finished: Promise<void> }>();
  private openTasks = 0;
  private pulling: PullHandle | null = null;
  private readonly watching = new AbortController();

  constructor(
    private readonly deps: WorkerDeps,
    private readonly options: WorkerOptions,
  ) {
    this.size = options.slots ?? 32;
    this.slots = new Slots(this.size, deps.clock, deps.metrics);
    this.jobs = new JobCache(deps.eventLog);
  }

  start(): void {
    const { shard, pool } = this.options;
    this.pulling ??= this.deps.fetchQueue.pull(shard, pool, {
      freeSlots: () => Math.max(0, this.size - this.openTasks),
      onDelivery: (delivery) => this.take(delivery),
      onError: (error) =>
        this.deps.logger.warn({ error: describeError(error) }, 'the fetch queue does not answer'),
    });
    void this.watch();
  }

  /** Tasks that it has and has not finished. */
  get inFlight(): number {
    return this.openTasks;
  }

  get reading(): WorkerReading {
    return { inFlight: this.openTasks, slots: this.size };
  }

  /** A decision that the log holds; ends what it ends. */
  onDecision(event: JobEvent): void {
    this.jobs.see(event);
    const end = endedBy(event);
    if (end) this.endRun(event.jobId, end);
  }

  /** Aborts what is in flight of ended runs and generations; it is acknowledged without an event, and stays open. */
  endRun(jobId: string, end: RunEnd): void {
    this.ended.add(jobId, end);
    this.jobs.forget(jobId);
    for (const { run } of this.batches.values()) if (this.ended.has(run.delivery)) run.abort('ended');
  }

  /** Takes nothing more, finishes what it can within `timeoutMs`, hands the rest back. */
  async drain(timeoutMs: number): Promise<void> {
    this.watching.abort();
    await this.pulling?.stop();
    if (await this.settled(timeoutMs)) return;
    for (const { run } of this.batches.values()) run.abort('drained');
    await this.settled(GIVE_BACK_MS);
  }

  private take(delivery: Delivery): void {
    const running = this.batches.get(delivery.seq);
    if (running) return running.run.deliveredAgain(delivery);
    const run = new BatchRun(delivery, this.deps, this.jobs, this.slots, (jobId, end) =>
      this.endRun(jobId, end),
    );
    if (this.ended.has(delivery)) run.abort('ended');
    this.openTasks += delivery.tasks.length;
    const finished = run.work().finally(() => {
      this.batches.delete(delivery.seq);
      this.openTasks -= delivery.tasks.length;
      this.pulling?.wake();
    });
    this.batches.set(delivery.seq, { run, finished });
  }

  private async watch(): Promise<void> {
    const { signal } = this.watching;
    while (!signal.aborted) {
      try {
        const decisions = this.deps.eventLog.watchDecisions(this.options.shard, signal);
        // What was decided meanwhile went unseen, so every job is read again before its next task.
        this.jobs.forgetAll();
        for await (const event of decisions) this.onDecision(event);
      } catch (error) {
        if (!signal.aborted)
          this.deps.logger.warn({ error: describeError(error) }, 'the decisions cannot be watched');
      }
      await this.deps.clock.sleep(WATCH_AGAIN_MS, signal).catch(() => undefined);
    }
  }

  /** True when everything ended in time. */
  private async settled(timeoutMs: number): Promise<boolean> {
    const all = Promise.allSettled([...this.batches.values()].map(({ finished }) => finished));
    let cancel = (): void => undefined;
    const late = new Promise<false>((resolve) => {
      cancel = this.deps.clock.timer(timeoutMs, () => resolve(false));
    });
    const inTime = await Promise.race([all.then(() => true as const), late]);
    cancel();
    return inTime;
  }
}
