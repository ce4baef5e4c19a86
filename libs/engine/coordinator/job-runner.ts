import { hostOf, isUnreadable } from '#libs/events';
import type { LogEntry, StoredEvent } from '#libs/events';
import { Frontier, slowDownOf } from '#libs/job';
import type { Because, Entry, HashKey } from '#libs/job';
import type { Clock, FetchTask, JobProgress, QueuedBatch, TaskBatch } from '#libs/engine/ports';
import { Hosts } from './hosts.js';
import { Pace } from './pace.js';
import { ProxyFailures } from './proxy-failures.js';

/** Tasks of one message, at most. */
const GROUP = 8;
/** How long a group that is not full waits for more: a burst costs less than its parts, and nobody notices 5 ms. */
const LINGER_MS = 5;
/** No word of a job with tasks in flight for so long, or so long since the last look while one of them takes its time: look. */
const LOOK_AFTER_MS = 3000;
const LONG_FLIGHT_MS = 5000;
/** One running job in the coordinator: its frontier, its pace, and what it wants to release next. */
export class JobRunner {
  readonly pace: Pace;
  /** Monotonic time of the last page fact. */
  lastProgress: number;
  /** Monotonic time at which something of it was last released; null: nothing yet. */
  servedAt: number | null = null;
  /** Monotonic time at which its flights were last compared with the queue. */
  private lookedAt: number;
  private staged: Entry[] = [];
  private stagedSince = 0;
  private askedAt = 0;

  constructor(
    readonly jobId: string,
    hashKey: HashKey,
    private readonly clock: Pick<Clock, 'now' | 'monotonic'>,
    /** Those of all jobs that are paced together. */
    hosts = new Hosts(),
    readonly frontier = new Frontier(jobId, hashKey),
    /** Of the run, as far as the job tolerates them. */
    readonly proxyFailures = new ProxyFailures(),
  ) {
    this.pace = new Pace(this.frontier, hosts);
    this.lastProgress = this.lookedAt = clock.monotonic();
  }

  get running(): boolean {
    return this.frontier.state?.status === 'running';
  }

  /** History, before the job is paced: nothing in it is in flight yet. */
  replay(entries: LogEntry[]): void {
    for (const entry of entries) {
      // What came while the history was read may stand at its end, too.
      if (isUnreadable(entry) || entry.seq <= this.frontier.seq) continue;
      this.frontier.apply(entry);
      this.proxyFailures.apply(entry);
    }
    // Of a million pages this would be a list of a million, and `begin` asks for those that are open.
    this.frontier.takeOpened();
  }

  /** Ends the replay: everything open is placed. */
  begin(): void {
    const now = this.clock.monotonic();
    const wall = this.clock.now();
    for (const [host, until] of this.frontier.hosts.slowedUntil)
      if (until > wall) this.pace.slow(host, now + this.boundedWait(until - wall));
    this.frontier.takeOpened();
    this.pace.absorb(this.frontier.openPages(), now, wall);
    this.pace.restSince(now - Math.max(wall - this.frontier.storedAt, 0));
  }

  /** It is led no more. */
  leave(): void {
    this.pace.leave(this.clock.monotonic());
  }

  /** One event as it comes. */
  apply(event: StoredEvent): void {
    if (event.seq <= this.frontier.seq) return;
    this.frontier.apply(event);
    this.proxyFailures.apply(event);
    const now = this.clock.monotonic();
    const wall = this.clock.now();
    if ('url' in event.data && event.type !== 'ProxyFailed') this.settle(event as PageStored, now, wall);
    if (event.type === 'PagesRequeued') for (const url of event.data.urls) this.settleUrl(url, now, wall);
    this.pace.absorb(this.frontier.takeOpened(), now, wall);
  }

  /** Makes what the fetch queue holds the in-flight set. */
  adopt(batches: QueuedBatch[]): void {
    const state = this.frontier.state!;
    const found = new Map<number, { run: number; try: number }>();
    for (const batch of batches) {
      if (batch.generation !== state.generation) continue;
      for (const task of batch.tasks) {
        const entry = this.frontier.find(task.url);
        if (!entry || entry.outcome !== 'open' || batch.run < entry.requeuedInRun) continue;
        const recorded = entry.tryRun > batch.run || (entry.tryRun === batch.run && entry.tries >= task.try);
        if (!recorded) found.set(entry.index, { run: batch.run, try: task.try });
      }
    }
    this.staged = [];
    this.pace.adopt(found, this.clock.monotonic(), this.clock.now());
    this.lastProgress = this.lookedAt = this.clock.monotonic();
  }

  /** Something in flight may have been dropped without a word: it is time to see whether it still lies in the queue. */
  get mustLook(): boolean {
    const now = this.clock.monotonic();
    if (this.pace.flights.size === 0) return false;
    if (this.hasOldFlights || now - this.lastProgress > LOOK_AFTER_MS) return true;
    return now - this.pace.longestSince > LONG_FLIGHT_MS && now - this.lookedAt > LOOK_AFTER_MS;
  }

  /** Some task in flight is of an older run, whose worker drops it when it hears of the end. */
  private get hasOldFlights(): boolean {
    const run = this.frontier.state!.run;
    for (const flight of this.pace.flights.values()) if (flight.run !== run) return true;
    return false;
  }

  /** Whether `take` may give anything. Asked of every job at each pass, most of which have nothing. */
  isDue(now: number): boolean {
    return this.hasStaged || this.pace.isDue(now);
  }

  /** It has taken something that waits for company. */
  get hasStaged(): boolean {
    return this.staged.length > 0;
  }

  /** Batches to release now; they count as in flight from here on. @param room tasks that the shard may still hold */
  take(room: number): TaskBatch[] {
    const state = this.frontier.state;
    if (!state || state.status !== 'running' || this.budgetSpent() !== null) return [];
    const now = this.clock.monotonic();
    const wall = this.clock.now();
    const { flights } = this.pace;
    const limit = Math.min(state.spec.politeness.concurrency, flights.size + room, this.pageBudget());
    // Where pages are counted, one that is wanted again must not lose its place to one that is merely open.
    const reopenedOnly = state.spec.scope.maxPages !== undefined && this.frontier.reopened.size > 0;
    while (flights.size < limit) {
      const entry = this.pace.take(now, wall, reopenedOnly);
      if (!entry) break;
      if (this.staged.push(entry) === 1) this.stagedSince = now;
    }
    if (this.staged.length === 0) return [];
    const group = Math.max(1, Math.min(GROUP, Math.floor(flights.size / 4)));
    if (this.staged.length < group && now - this.stagedSince < LINGER_MS) return [];
    const entries = this.staged;
    this.staged = [];
    const batches: TaskBatch[] = [];
    for (const [pool, ofPool] of this.byPool(entries))
      for (let i = 0; i < ofPool.length; i += group)
        batches.push(this.batchOf(ofPool.slice(i, i + group), pool));
    return batches;
  }

  /** Whether anything was folded since the last time this was asked. */
  changedSinceAsked(): boolean {
    const changed = this.askedAt !== this.frontier.seq;
    this.askedAt = this.frontier.seq;
    return changed;
  }

  /** Monotonic time at which `take` may give something without any event before. */
  get nextWake(): number {
    // What is spent stays spent: the end of what is in flight, or a decision, comes by the log.
    if (this.budgetSpent() !== null) return Infinity;
    const state = this.frontier.state!;
    const { maxDurationMs } = state.spec.scope;
    const budget =
      maxDurationMs === undefined
        ? Infinity
        : this.clock.monotonic() + Math.max(maxDurationMs - this.ranMs(), 0);
    const linger = this.staged.length ? this.stagedSince + LINGER_MS : Infinity;
    const full = this.pace.flights.size >= Math.min(state.spec.politeness.concurrency, this.pageBudget());
    return Math.min(linger, budget, full ? Infinity : this.pace.nextWake);
  }

  /** Why the job is complete, or null while it is not. */
  get complete(): Because | null {
    if (!this.running || this.pace.flights.size > 0) return null;
    if (this.frontier.counts.open === 0) return 'exhausted';
    return this.budgetSpent();
  }

  get progress(): JobProgress {
    const { discovered, fetched, failed, skipped } = this.frontier.counts;
    const { status, run } = this.frontier.state!;
    return {
      jobId: this.jobId,
      status,
      run,
      seq: this.frontier.seq,
      discovered,
      fetched,
      failed,
      skipped,
      queued: this.pace.queued,
      inFlight: this.pace.flights.size,
      waiting: this.pace.waitingCount,
    };
  }

  /** A message goes to the workers of one pool. */
  private byPool(entries: Entry[]): Map<string | undefined, Entry[]> {
    const pools = new Map<string | undefined, Entry[]>();
    const { stages } = this.frontier.state!.spec;
    for (const entry of entries) {
      const { stage } = entry;
      const pool = stages.find(({ name }) => name === stage)?.pool;
      const others = pools.get(pool);
      if (others) others.push(entry);
      else pools.set(pool, [entry]);
    }
    return pools;
  }

  private batchOf(entries: Entry[], pool: string | undefined): TaskBatch {
    const state = this.frontier.state!;
    return {
      jobId: this.jobId,
      generation: state.generation,
      run: state.run,
      jobSeq: state.lastSeq,
      logSeq: this.frontier.seq,
      ...(pool !== undefined && { pool }),
      tasks: entries.map((entry): FetchTask => {
        const { url, depth, stage, attempts } = entry;
        return { url, depth, stage, try: this.pace.flights.get(entry.index)!.try, attempt: attempts + 1 };
      }),
    };
  }

  private settle(event: PageStored, now: number, wall: number): void {
    this.lastProgress = now;
    const { data } = event;
    this.pace.met(hostOf(data.url));
    const entry = this.frontier.find(data.url);
    if (!entry) return;
    const slowDown = slowDownOf(event, this.frontier.state!.spec.retry);
    if (slowDown) this.pace.slow(slowDown.host, now + slowDown.ms);
    const tookMs = 'timing' in data ? data.timing?.durationMs : undefined;
    if (entry.outcome !== 'open' || this.pace.isFlying(entry, data.run, data.try))
      this.pace.settle(entry, now, wall, tookMs);
  }

  private settleUrl(url: string, now: number, wall: number): void {
    const entry = this.frontier.find(url);
    if (entry) this.pace.settle(entry, now, wall);
  }

  private boundedWait(ms: number): number {
    return Math.min(ms, this.frontier.state!.spec.retry.maxMs);
  }

  /** Pages that may be in flight without going over maxPages: exact, because what flies counts. */
  private pageBudget(): number {
    const { maxPages } = this.frontier.state!.spec.scope;
    if (maxPages === undefined) return Infinity;
    const { fetched, failed } = this.frontier.counts;
    return maxPages - fetched - failed;
  }

  private ranMs(): number {
    const { ranMs, runningSince } = this.frontier.state!;
    return ranMs + (runningSince === null ? 0 : this.clock.now() - runningSince);
  }

  private budgetSpent(): Because | null {
    const { maxBytes, maxDurationMs } = this.frontier.state!.spec.scope;
    if (this.pageBudget() <= 0) return 'max-pages';
    if (maxDurationMs !== undefined && this.ranMs() >= maxDurationMs) return 'max-duration';
    if (maxBytes !== undefined && this.frontier.receivedBytes >= maxBytes) return 'max-bytes';
    return null;
  }
}

type PageStored = StoredEvent<'PageFetched' | 'FetchFailed' | 'FetchRetried' | 'PageSkipped'>;
