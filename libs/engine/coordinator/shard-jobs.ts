import { catalogue, isUnreadable, subjects } from '#libs/events';
import type { JobEvent, LogEntry, StoredEvent, UnreadableEvent } from '#libs/events';
import { statusAfter, type HashKey } from '#libs/job';
import type { Clock, EventLog, LogBatch, Logger } from '#libs/engine/ports';
import { describeError } from '../describe-error.js';
import { Hosts } from './hosts.js';
import { JobRunner } from './job-runner.js';
import { RestingJobs, type Rested } from './resting-jobs.js';

/** Of a history: what is in hand at once is what the garbage collector copies about; measured, 500 take a tenth more CPU. */
const REPLAY_BATCH = 150;

export interface ShardJobsDeps {
  eventLog: EventLog;
  clock: Clock;
  logger: Logger;
  hashKey: HashKey;
  /** A job with a history was loaded or asked for: what of it is in flight must be looked up. */
  onLoading: () => void;
  /** A job stopped running. */
  onDropped: (runner: JobRunner) => void;
  onUnreadable: (runner: JobRunner, event: UnreadableEvent) => void;
}

/** The folds of all running jobs of one shard, fed by the live tail of its log; a job with a past is read beside it first. */
export class ShardJobs {
  readonly runners = new Map<string, JobRunner>();
  private readonly hosts = new Hosts();
  private readonly resting = new RestingJobs();
  /** Jobs left alone because a decision cannot be read. */
  readonly unreadable = new Set<string>();
  /** Sequence up to which the tail is folded. */
  position = 0;
  /** Jobs whose history is being read, with what the tail brought meanwhile. */
  private readonly buffers = new Map<string, LogEntry[]>();
  private waiters: { seq: number; resolve: () => void }[] = [];

  constructor(
    private readonly deps: ShardJobsDeps,
    private readonly signal: AbortSignal,
  ) {
    signal.addEventListener('abort', () => this.waiters.splice(0).forEach(({ resolve }) => resolve()));
  }

  get loading(): boolean {
    return this.buffers.size > 0;
  }

  fold(batch: LogBatch): void {
    for (const entry of batch.entries) this.dispatch(entry);
    this.position = Math.max(this.position, batch.upTo);
    this.waiters = this.waiters.filter(({ seq, resolve }) => {
      if (seq > this.position) return true;
      resolve();
      return false;
    });
  }

  /** Resolves when the tail is folded up to `seq`, or when nothing more will be. */
  folded(seq: number): Promise<void> {
    if (this.position >= seq || this.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push({ seq, resolve }));
  }

  load(jobId: string): void {
    if (this.buffers.has(jobId) || this.runners.has(jobId)) return;
    this.buffers.set(jobId, []);
    void this.readHistory(jobId).catch(async (error: unknown) => {
      this.buffers.delete(jobId);
      if (this.signal.aborted) return;
      this.deps.logger.error({ jobId, error: describeError(error) }, 'history of the job could not be read');
      await this.deps.clock.sleep(1000, this.signal).catch(() => undefined);
      if (!this.signal.aborted) this.load(jobId);
    });
    this.deps.onLoading();
  }

  private dispatch(entry: LogEntry): void {
    if (entry.jobId === null) return;
    const buffer = this.buffers.get(entry.jobId);
    if (buffer) {
      buffer.push(entry);
      return;
    }
    const runner = this.runners.get(entry.jobId);
    const rested = this.resting.fold(entry);
    if (isUnreadable(entry)) {
      if (runner) this.meetUnreadable(runner, entry);
    } else if (rested && runs(entry)) this.wake(entry.jobId, rested);
    else if (runner) {
      runner.apply(entry);
      if (!runner.running) {
        this.drop(runner);
        this.resting.add(runner);
      }
    } else if (entry.type === 'JobStarted' && runs(entry)) {
      const fresh = this.newRunner(entry.jobId);
      fresh.apply(entry);
      this.runners.set(entry.jobId, fresh);
    } else if (runs(entry)) this.load(entry.jobId);
  }

  private meetUnreadable(runner: JobRunner, event: UnreadableEvent): void {
    if (isDecision(event)) this.rest(runner, event);
    else this.deps.onUnreadable(runner, event);
  }

  /** Nothing can be decided on what is not known, not even a pause: the job is left alone until a version comes that can read it. */
  private rest(runner: JobRunner, { seq, reason }: UnreadableEvent): void {
    const { jobId } = runner;
    this.unreadable.add(jobId);
    this.deps.logger.error(
      { jobId, seq, reason },
      'a decision cannot be read: its job is left alone by this version',
    );
    this.drop(runner);
  }

  private drop(runner: JobRunner): void {
    this.runners.delete(runner.jobId);
    runner.leave();
    this.deps.onDropped(runner);
  }

  /** A job that was stopped while it was led here: nothing has to be read again. */
  private wake(jobId: string, { frontier, proxyFailures }: Rested): void {
    const { hashKey, clock } = this.deps;
    this.resting.take(jobId);
    const runner = new JobRunner(jobId, hashKey, clock, this.hosts, frontier, proxyFailures);
    runner.begin();
    this.runners.set(jobId, runner);
    this.deps.onLoading();
  }

  private newRunner(jobId: string): JobRunner {
    return new JobRunner(jobId, this.deps.hashKey, this.deps.clock, this.hosts);
  }

  private async readHistory(jobId: string): Promise<void> {
    const runner = this.newRunner(jobId);
    const unreadable: UnreadableEvent[] = [];
    const replay = (entries: LogEntry[]): void => {
      unreadable.push(...entries.filter(isUnreadable));
      runner.replay(entries);
    };
    for await (const { entries } of this.deps.eventLog.readJob(jobId, {
      signal: this.signal,
      maxBatch: REPLAY_BATCH,
    }))
      replay(entries);
    if (this.signal.aborted) return;
    replay(this.buffers.get(jobId) ?? []);
    this.buffers.delete(jobId);
    if (!runner.running) return;
    const decision = unreadable.find(isDecision);
    if (decision) return this.rest(runner, decision);
    runner.begin();
    this.runners.set(jobId, runner);
    for (const event of unreadable) this.deps.onUnreadable(runner, event);
  }
}

const isDecision = ({ jobId, subject }: UnreadableEvent): boolean =>
  jobId !== null && subject === subjects.jobSubject(jobId);

/** A decision that sets its job going, at first or again. */
const runs = (event: StoredEvent): boolean =>
  catalogue[event.type].family === 'job' && statusAfter(event as JobEvent) === 'running';
