import { StaleReleaseError } from '#libs/engine/ports';
import type { Clock, EventLog, FetchQueue, Logger, QueuedBatch, TaskBatch } from '#libs/engine/ports';
import { describeError } from '../describe-error.js';
import { Backlog } from './backlog.js';
import type { JobRunner } from './job-runner.js';
import type { ShardJobs } from './shard-jobs.js';

/** How soon it is asked again what the workers have taken, while that holds something back, and while it does not. */
const ASK_AGAIN_MS = 25;
const ASK_ANYWAY_MS = 500;
/** Of what may be released at once. */
const SHARE_OF_OTHERS = 1 / 8;

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
  private readonly backlog = new Backlog();
  private asking = false;
  /** Monotonic time at which it was last asked what the workers have taken. */
  private askedAt = -Infinity;
  /** Something would go out, were the backlog not too long. */
  private isHeldBack = false;
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
    this.backlog.recount(
      batches.map((b) => this.counted(b)),
      this.deps.clock.monotonic(),
    );
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
      const first = this.fetchSeq - batches.length + 1;
      this.count(batches.map((batch, i) => ({ ...batch, seq: first + i })));
      this.pumpAgain = true;
    }
  }

  private count(batches: readonly QueuedBatch[]): void {
    const now = this.deps.clock.monotonic();
    for (const batch of batches) {
      const { pool, seq, tasks } = this.counted(batch);
      this.backlog.released(pool, seq, tasks, now);
    }
  }

  private counted({ pool = this.options.pool, seq, tasks }: QueuedBatch) {
    return { pool, seq, tasks: tasks.length };
  }

  /**
   * Jobs that begin come first, but for a share that is kept for the others; of these the one that was served longest ago. So where
   * jobs share a host, or the shard's room, the first page of each goes before the second of any, and nobody waits for ever.
   */
  private takeFromJobs(): TaskBatch[] {
    const now = this.deps.clock.monotonic();
    const due: JobRunner[] = [];
    let held = 0;
    for (const runner of this.jobs.runners.values()) {
      held += runner.pace.flights.size;
      if (runner.isDue(now) && !this.isClogged(runner, now)) due.push(runner);
    }
    const room = this.backlog.room(now);
    this.isHeldBack = room <= 0 && due.length > 0;
    if (this.isHeldBack || now - this.askedAt > ASK_ANYWAY_MS) this.askWhatWasTaken();
    // What a pool without a worker holds is no request: others must not wait for it.
    const free = this.options.maxInFlight - (held - this.backlog.stalled(now));
    return this.takeInTurn(due, Math.min(room, free), now);
  }

  private isClogged(runner: JobRunner, now: number): boolean {
    const { stages } = runner.frontier.state!.spec;
    return (
      !runner.hasStaged && stages.every(({ pool = this.options.pool }) => this.backlog.isClogged(pool, now))
    );
  }

  private takeInTurn(due: JobRunner[], room: number, now: number): TaskBatch[] {
    const batches: TaskBatch[] = [];
    let left = Math.max(room, 0);
    const serve = (runners: JobRunner[], keep: number): void => {
      for (const runner of runners) {
        // What it took before goes out when it is time, whatever the room.
        if (left <= keep && !runner.hasStaged) continue;
        const before = runner.pace.flights.size;
        batches.push(...runner.take(Math.max(left - keep, 0)));
        const taken = runner.pace.flights.size - before;
        if (taken > 0) runner.servedAt = now;
        left -= taken;
      }
    };
    const fresh = due.filter(({ servedAt }) => servedAt === null);
    const others = due.filter(({ servedAt }) => servedAt !== null);
    serve(fresh, Math.floor(left * SHARE_OF_OTHERS));
    serve(
      others.sort((a, b) => a.servedAt! - b.servedAt!),
      0,
    );
    serve(
      fresh.filter(({ servedAt }) => servedAt === null),
      0,
    );
    return batches;
  }

  private askWhatWasTaken(): void {
    const pools = this.backlog.names;
    if (this.asking || pools.length === 0) return;
    this.asking = true;
    const { fetchQueue, clock, logger } = this.deps;
    const { shard } = this.options;
    const ask = async (pool: string): Promise<void> => {
      const upTo = await fetchQueue.taken(shard, pool);
      this.backlog.taken(pool, upTo, clock.monotonic());
    };
    void Promise.all(pools.map(ask))
      .catch((error: unknown) =>
        logger.warn(
          { shard, error: describeError(error) },
          'what the workers have taken could not be looked up',
        ),
      )
      .finally(() => {
        this.asking = false;
        this.askedAt = clock.monotonic();
        if (this.isHeldBack && this.backlog.room(this.askedAt) > 0) this.pump();
      });
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
    if (this.isHeldBack) next = 0;
    else for (const runner of this.jobs.runners.values()) next = Math.min(next, runner.nextWake);
    if (next === Infinity) return;
    const least = this.isHeldBack ? ASK_AGAIN_MS : 1;
    const wait = Math.min(Math.max(next - this.deps.clock.monotonic(), least), 60_000);
    this.cancelTimer = this.deps.clock.timer(wait, () => this.pump());
  }
}
