import { StaleReleaseError } from '#libs/engine/ports';
import type { Clock, EventLog, FetchQueue, Logger, QueuedBatch, TaskBatch } from '#libs/engine/ports';
import { describeError } from '../describe-error.js';
import type { JobRunner } from './job-runner.js';
import type { ShardJobs } from './shard-jobs.js';

export interface ReleaserDeps {
  eventLog: EventLog;
  fetchQueue: FetchQueue;
  clock: Clock;
  logger: Logger;
  onComplete: (runner: JobRunner) => Promise<void>;
}

export interface ReleaserOptions {
  shard: number;
  pool: string;
  /** Tasks that the shard's queue may hold, over all jobs. */
  maxInFlight: number;
}

/**
 * Puts tasks into the fetch queue of one shard, one release at a time, each on what the last one left. Whenever that cannot be
 * known (at the start, after a refusal or a lost answer, when a job goes quiet) it looks up what is in flight first.
 */
export class Releaser {
  private fetchSeq = 0;
  private pumping = false;
  private pumpAgain = false;
  private syncing = false;
  private syncAgain = false;
  /** Jobs that were said to be complete, with the decision that it was said on: what came of it is on its way here. */
  private readonly completed = new WeakMap<JobRunner, number>();
  private cancelTimer: () => void = () => undefined;

  constructor(
    private readonly deps: ReleaserDeps,
    private readonly options: ReleaserOptions,
    private readonly jobs: ShardJobs,
    private readonly signal: AbortSignal,
  ) {
    signal.addEventListener('abort', () => this.cancelTimer());
  }

  /** Releases what may go out, and wakes itself when time alone will change that. */
  pump(): void {
    this.pumpAgain = true;
    if (this.pumping || this.syncing || this.signal.aborted) return;
    this.pumping = true;
    void this.releaseAll()
      .catch((error: unknown) => {
        if (!(error instanceof StaleReleaseError))
          this.deps.logger.warn({ shard: this.options.shard, error: describeError(error) }, 'release failed');
        this.syncAgain = true;
      })
      .finally(() => {
        this.pumping = false;
        if (this.syncAgain) this.resync();
        else this.setTimer();
      });
  }

  /** Looks up what is really in flight: the queue first, then the log to its end; then releases go on. */
  resync(): void {
    this.syncAgain = true;
    if (this.syncing || this.pumping || this.signal.aborted) return;
    this.syncing = true;
    void this.lookUpAll().finally(() => {
      this.syncing = false;
      this.pump();
    });
  }

  private async lookUpAll(): Promise<void> {
    while (this.syncAgain && !this.signal.aborted) {
      this.syncAgain = false;
      try {
        await this.lookUpFlights();
      } catch (error) {
        this.deps.logger.warn(
          { shard: this.options.shard, error: describeError(error) },
          'what is in flight could not be looked up',
        );
        this.syncAgain = true;
        await this.deps.clock.sleep(500, this.signal).catch(() => undefined);
      }
    }
  }

  private async lookUpFlights(): Promise<void> {
    while (this.jobs.loading && !this.signal.aborted) await this.deps.clock.sleep(5);
    const { lastSeq, batches } = await this.deps.fetchQueue.snapshot(this.options.shard);
    const head = await this.deps.eventLog.head(this.options.shard);
    await this.jobs.folded(head.lastSeq);
    const byJob = new Map<string, QueuedBatch[]>();
    for (const batch of batches) byJob.set(batch.jobId, [...(byJob.get(batch.jobId) ?? []), batch]);
    for (const runner of this.jobs.runners.values()) runner.adopt(byJob.get(runner.jobId) ?? []);
    this.fetchSeq = lastSeq;
  }

  private async releaseAll(): Promise<void> {
    while (this.pumpAgain && !this.syncAgain && !this.signal.aborted) {
      this.pumpAgain = false;
      const batches = this.takeFromJobs();
      this.completeJobs();
      if (batches.length === 0) continue;
      const { shard, pool } = this.options;
      this.fetchSeq = await this.deps.fetchQueue.release(shard, pool, batches, this.fetchSeq);
      this.pumpAgain = true;
    }
  }

  /**
   * The job that was served longest ago comes first, with a head start for one that begins: where jobs share a host, or the shard's
   * room, the first page of each goes before the second of any.
   */
  private takeFromJobs(): TaskBatch[] {
    const now = this.deps.clock.monotonic();
    const due: JobRunner[] = [];
    let held = 0;
    for (const runner of this.jobs.runners.values()) {
      held += runner.pace.flights.size;
      if (runner.isDue(now)) due.push(runner);
    }
    due.sort((a, b) => a.servedAt - b.servedAt);
    const batches: TaskBatch[] = [];
    for (const runner of due) {
      const before = runner.pace.flights.size;
      batches.push(...runner.take(Math.max(this.options.maxInFlight - held, 0)));
      const taken = runner.pace.flights.size - before;
      if (taken > 0) runner.servedAt = now;
      held += taken;
    }
    return batches;
  }

  /** Beside the releases: no other job's page waits until the log has taken that one is complete. */
  private completeJobs(): void {
    for (const runner of this.jobs.runners.values()) {
      const decidedAt = runner.frontier.state?.lastSeq;
      if (!runner.complete || decidedAt === undefined || this.completed.get(runner) === decidedAt) continue;
      this.completed.set(runner, decidedAt);
      this.deps.onComplete(runner).catch((error: unknown) => {
        this.completed.delete(runner);
        const { jobId } = runner;
        this.deps.logger.warn(
          { jobId, error: describeError(error) },
          'job could not be completed; trying again',
        );
      });
    }
  }

  private setTimer(): void {
    this.cancelTimer();
    if (this.signal.aborted) return;
    let next = Infinity;
    for (const runner of this.jobs.runners.values()) next = Math.min(next, runner.nextWake);
    if (next === Infinity) return;
    const wait = Math.min(Math.max(next - this.deps.clock.monotonic(), 1), 60_000);
    this.cancelTimer = this.deps.clock.timer(wait, () => this.pump());
  }
}
