/** Tasks that may lie in the queue of a shard without a worker: enough for the next look to come in time. */
const LEAST = 128;
/** However fast they are taken. */
const MOST = 2048;
/** Where a look found nothing left, the workers could have had more. */
const GROWTH = 2;
const SHRINKAGE = 0.9;
/** A pool that takes nothing for so long has no worker, or none that is free; others must not wait for it. */
const STALLED_MS = 2000;

interface Waiting {
  seq: number;
  tasks: number;
}

interface Pool {
  /** What was released and, as far as is known, not taken, oldest first. */
  waiting: Waiting[];
  tasks: number;
  /** Sequence up to which its workers were given what is for them, when that was last looked up. */
  upTo: number;
  /** Monotonic time at which a worker was last seen to have taken something, or since when anything waits. */
  movedAt: number;
}

/**
 * What lies in the queue that no worker has taken, by pool. It is handed out in the order of its release, so whatever is in there
 * goes before a job that begins now: kept short, the coordinator says who is next, and not the past.
 */
export class Backlog {
  private readonly pools = new Map<string, Pool>();
  private most = LEAST;

  /** Pools that something waits for. */
  get names(): string[] {
    return [...this.pools].filter(([, { tasks }]) => tasks > 0).map(([name]) => name);
  }

  released(pool: string, seq: number, tasks: number, now: number): void {
    let known = this.pools.get(pool);
    if (!known) this.pools.set(pool, (known = { waiting: [], tasks: 0, upTo: 0, movedAt: now }));
    if (seq <= known.upTo) return;
    if (known.tasks === 0) known.movedAt = now;
    known.waiting.push({ seq, tasks });
    known.tasks += tasks;
  }

  /** What the workers of a pool have been given, as it was just looked up. */
  taken(pool: string, upTo: number, now: number): void {
    const known = this.pools.get(pool);
    if (!known) return;
    const left = known.waiting.filter(({ seq }) => seq > upTo);
    if (upTo !== known.upTo) known.movedAt = now;
    known.upTo = upTo;
    known.waiting = left;
    known.tasks = left.reduce((sum, { tasks }) => sum + tasks, 0);
    if (known.tasks === 0) this.most = Math.min(this.most * GROWTH, MOST);
    else if (this.isLong(now)) this.most = Math.max(this.most * SHRINKAGE, LEAST);
  }

  /** Counts anew what lies in the queue. A look is no sign of a worker: since when a pool takes nothing stays as it was. */
  recount(found: readonly { pool: string; seq: number; tasks: number }[], now: number): void {
    const since = [...this.pools].map(([, known]) => [known, known.tasks > 0 ? known.movedAt : now] as const);
    for (const [known] of since) Object.assign(known, { waiting: [], tasks: 0 });
    for (const { pool, seq, tasks } of found) this.released(pool, seq, tasks, now);
    for (const [known, movedAt] of since) known.movedAt = movedAt;
  }

  /** Tasks of pools that take nothing. */
  stalled(now: number): number {
    let sum = 0;
    for (const { tasks, movedAt } of this.pools.values()) if (now - movedAt > STALLED_MS) sum += tasks;
    return sum;
  }

  /** The pool takes nothing, and has more than enough for whoever may come. */
  isClogged(pool: string, now: number): boolean {
    const known = this.pools.get(pool);
    return known !== undefined && known.tasks >= LEAST && now - known.movedAt > STALLED_MS;
  }

  /** Tasks to release now. Filled up when half of it is gone: a burst costs less than its parts. */
  room(now: number): number {
    return this.isLong(now) ? 0 : Math.floor(this.most) - this.waitingTasks(now);
  }

  private isLong(now: number): boolean {
    return this.waitingTasks(now) > this.most / 2;
  }

  private waitingTasks(now: number): number {
    let sum = 0;
    for (const { tasks, movedAt } of this.pools.values()) if (now - movedAt <= STALLED_MS) sum += tasks;
    return sum;
  }
}
