import { setMaxListeners } from 'node:events';
import { SpoorError } from '#libs/failures';
import { proxyFailure, statusAfter, type HashKey, type JobCommand } from '#libs/job';
import { ConflictError } from '#libs/engine/ports';
import type {
  Clock,
  CoordinatorReading,
  EventLog,
  FetchQueue,
  Lease,
  LogBatch,
  Logger,
  LogInspection,
  Metrics,
  ProgressFeed,
  Room,
} from '#libs/engine/ports';
import { describeError } from '../describe-error.js';
import { appendDecision } from '../jobs/index.js';
import type { JobRunner } from './job-runner.js';
import { Releaser } from './releaser.js';
import { readingOf } from './reading.js';
import { ShardJobs } from './shard-jobs.js';
import { whatIsFull } from './what-is-full.js';

export interface CoordinatorDeps {
  eventLog: EventLog;
  fetchQueue: FetchQueue;
  lease: Lease;
  progress: ProgressFeed;
  clock: Clock;
  logger: Logger;
  metrics?: Metrics | undefined;
  room: Room;
  /** What limits the log; without it only the limit of its stream is known. */
  inspection?: Pick<LogInspection, 'allowances'> | undefined;
  /** Done beside leading: what a shard's leader alone should do. */
  retention?: { run(signal: AbortSignal): Promise<void> } | undefined;
  /** Drawn anew by each process. */
  hashKey: HashKey;
}

export interface CoordinatorOptions {
  shard: number;
  pool: string;
  /** Names this process in the lease. */
  holder: string;
  /** Whether a holder of the lease is known to be dead; its lease is then taken over at once. */
  isGone?: (holder: string) => boolean;
  /** How often the lease is renewed, or tried for; well below its time to live. */
  leaseEveryMs?: number;
  /** Tasks that the shard's queue may hold, over all jobs. */
  maxInFlight?: number;
  /** Jobs pause when less than this is free on the disk. */
  minFreeBytes?: number;
}

const TICK_MS = 500;
/** What comes within this of the last is folded and released together: a pass costs the same for one outcome as for many. */
const GATHER_MS = 3;

/**
 * Leads one shard: folds the log of every running job, releases what may be fetched, and says when a job is complete. It learns
 * only from the log and from what lies in the fetch queue. Two of them do no harm: the fetch queue refuses the stale one.
 */
export class Coordinator {
  private readonly stopping = new AbortController();
  private leading: { jobs: ShardJobs; releaser: Releaser } | null = null;
  private done: Promise<void> = Promise.resolve();

  constructor(
    private readonly deps: CoordinatorDeps,
    private readonly options: CoordinatorOptions,
  ) {}

  start(): void {
    this.done = this.serve();
  }

  /** Stops releasing and gives the lease up; what is in flight stays in the queue. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.done;
  }

  get isLeading(): boolean {
    return this.leading !== null;
  }

  /** Jobs that are led now. */
  get jobs(): string[] {
    return [...(this.leading?.jobs.runners.keys() ?? [])];
  }

  get reading(): CoordinatorReading {
    return readingOf(this.options.shard, this.leading?.jobs ?? null, this.deps.clock.monotonic());
  }

  private get leaseName(): string {
    return `coordinator-${this.options.shard}`;
  }

  private async serve(): Promise<void> {
    const { lease, clock, logger } = this.deps;
    const { signal } = this.stopping;
    const { shard, holder, leaseEveryMs = 3000 } = this.options;
    while (!signal.aborted) {
      try {
        if (await this.takeLease()) await this.lead(leaseEveryMs);
        else await clock.sleep(leaseEveryMs, signal);
      } catch (error) {
        if (signal.aborted) break;
        logger.warn({ shard, error: describeError(error) }, 'coordination interrupted');
        await clock.sleep(1000, signal).catch(() => undefined);
      }
    }
    await lease.release(this.leaseName, holder).catch(() => undefined);
  }

  private async takeLease(): Promise<boolean> {
    const { lease } = this.deps;
    const { holder, isGone } = this.options;
    if (await lease.hold(this.leaseName, holder)) return true;
    const other = await lease.holder(this.leaseName);
    if (other === null || !isGone?.(other)) return false;
    await lease.release(this.leaseName, other);
    return lease.hold(this.leaseName, holder);
  }

  private async lead(leaseEveryMs: number): Promise<void> {
    const { clock, logger } = this.deps;
    const ending = new AbortController();
    const { signal } = ending;
    // Every history that is being read listens, and stops when it is read: as many as there are jobs to load.
    setMaxListeners(0, signal);
    // Not AbortSignal.any: what listens to that is never let go of by Node 20, and with it all that was led.
    const stop = (): void => ending.abort();
    this.stopping.signal.addEventListener('abort', stop);
    if (this.stopping.signal.aborted) stop();
    const { jobs, releaser } = this.assemble(signal);
    this.leading = { jobs, releaser };
    logger.info({ shard: this.options.shard }, 'leading');
    this.deps.metrics?.leaseChanged(this.options.shard, 'taken');
    const every = async (ms: number, what: () => Promise<void>): Promise<void> => {
      while (!signal.aborted) {
        await clock.sleep(ms, signal).catch(() => undefined);
        if (!signal.aborted) await what().catch(() => undefined);
      }
    };
    const beside = [
      every(leaseEveryMs, () => this.renew(ending)),
      every(TICK_MS, () => this.tick(jobs, releaser)),
      this.deps.retention?.run(signal) ?? Promise.resolve(),
    ];
    try {
      await this.follow(jobs, releaser, signal);
    } finally {
      ending.abort();
      this.stopping.signal.removeEventListener('abort', stop);
      await Promise.allSettled(beside);
      this.leading = null;
      this.deps.metrics?.leaseChanged(this.options.shard, 'lost');
    }
  }

  private assemble(signal: AbortSignal): { jobs: ShardJobs; releaser: Releaser } {
    const { eventLog, clock, logger, hashKey, fetchQueue, progress } = this.deps;
    const { shard, pool, maxInFlight = 2048 } = this.options;
    const jobs: ShardJobs = new ShardJobs(
      {
        eventLog,
        clock,
        logger,
        hashKey,
        onLoading: () => releaser.resync(),
        onDropped: (runner) => progress.publish(runner.progress),
        onUnreadable: (runner, { seq, reason }) =>
          this.hold(
            runner,
            `unreadable-${seq}`,
            `Event ${seq} of this job cannot be read (${reason}). Resume to go on without it.`,
          ),
      },
      signal,
    );
    const onComplete = (runner: JobRunner): Promise<void> => this.complete(runner);
    const releaser = new Releaser(
      { eventLog, fetchQueue, clock, logger, onComplete },
      { shard, pool, maxInFlight },
      jobs,
      signal,
    );
    return { jobs, releaser };
  }

  private async renew(ending: AbortController): Promise<void> {
    if (await this.deps.lease.hold(this.leaseName, this.options.holder)) return;
    this.deps.logger.warn({ shard: this.options.shard }, 'another coordinator leads');
    ending.abort();
  }

  private async follow(jobs: ShardJobs, releaser: Releaser, signal: AbortSignal): Promise<void> {
    const { eventLog } = this.deps;
    const { shard } = this.options;
    const head = await eventLog.head(shard);
    jobs.position = head.lastSeq;
    for (const decision of await eventLog.lastDecisions(shard))
      if (statusAfter(decision) === 'running') jobs.load(decision.jobId);
    releaser.resync();
    for await (const batch of eventLog.readShard(shard, {
      fromSeq: head.lastSeq + 1,
      follow: true,
      signal,
      everyMs: GATHER_MS,
    })) {
      jobs.fold(batch);
      this.checkProxies(jobs, batch);
      releaser.pump();
    }
  }

  private async complete(runner: JobRunner): Promise<void> {
    const { complete: because, frontier } = runner;
    if (!because || !frontier.state) return;
    const { run } = frontier.state;
    const pages = frontier.counts;
    await this.say(runner, { type: 'complete', commandId: `complete-${run}`, run, because, pages });
  }

  private checkProxies(jobs: ShardJobs, { entries }: LogBatch): void {
    for (const jobId of new Set(entries.map((entry) => entry.jobId))) {
      const runner = jobId === null ? undefined : jobs.runners.get(jobId);
      if (runner) this.checkProxy(runner);
    }
  }

  /** Ends the run when its proxy failed more often in a row than the job tolerates. */
  private checkProxy(runner: JobRunner): void {
    const { jobId, frontier, proxyFailures } = runner;
    const state = frontier.state;
    if (!state?.spec.proxy) return;
    const failed = proxyFailures.beyond(state.spec.proxy.tolerance);
    if (!failed) return;
    const { run, spec } = state;
    const failure = proxyFailure(jobId, spec, failed);
    this.say(runner, { type: 'fail-proxy', commandId: `proxy-failed-${run}`, run, failure }).catch(
      (error: unknown) =>
        this.deps.logger.error({ jobId, error: describeError(error) }, 'job could not be stopped'),
    );
  }

  /** Pauses a job for a reason of the engine's own; whoever resumes it has read the reason. */
  private hold(runner: JobRunner, commandId: string, reason: string): void {
    const { logger } = this.deps;
    const { jobId } = runner;
    logger.error({ jobId, reason }, 'job paused by the engine');
    this.say(runner, { type: 'pause', commandId, by: 'system', reason }).catch((error: unknown) =>
      logger.error({ jobId, error: describeError(error) }, 'job could not be paused'),
    );
  }

  private async say(runner: JobRunner, command: JobCommand): Promise<void> {
    try {
      await appendDecision(this.deps, runner.jobId, runner.frontier.state, command);
    } catch (error) {
      // Somebody decided otherwise first; the log brings it here.
      if (error instanceof ConflictError || (error instanceof SpoorError && error.failure.http === 409))
        return;
      throw error;
    }
  }

  private async tick(jobs: ShardJobs, releaser: Releaser): Promise<void> {
    let look = false;
    for (const runner of jobs.runners.values()) {
      if (runner.changedSinceAsked()) this.deps.progress.publish(runner.progress);
      look ||= runner.mustLook;
      // Of a job whose history was read just now, the failures may all lie in there.
      this.checkProxy(runner);
    }
    if (look) releaser.resync();
    else releaser.pump();
    await this.checkRoom(jobs);
  }

  /** A full log or disk could not even say that it is full: jobs pause while there is room to. */
  private async checkRoom(jobs: ShardJobs): Promise<void> {
    if (jobs.runners.size === 0) return;
    const { shard, minFreeBytes = 0 } = this.options;
    const full = await whatIsFull(this.deps, shard, minFreeBytes);
    if (!full) return;
    const reason = `${full} is nearly full. Make room, then resume.`;
    for (const runner of jobs.runners.values())
      this.hold(runner, `no-room-${runner.frontier.state!.run}`, reason);
  }
}
