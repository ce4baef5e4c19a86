import { z } from 'zod';
import { SCOPE_NAME } from './scope.js';
import { WORKER_ID } from './session.js';

const count = z.int().nonnegative();

/** What a worker says of itself about once a second. */
export const heartbeat = z.object({
  workerId: z.string().regex(WORKER_ID),
  scope: z.string().regex(SCOPE_NAME),
  /** `host:port` of its gRPC service. */
  address: z.string().min(3).max(300),
  slots: count,
  active: count,
  draining: z.boolean(),
  healthy: z.boolean(),
  totalRequests: count,
  successRate: z.number().min(0).max(1),
});

export type Heartbeat = z.output<typeof heartbeat>;

/** Silent for longer, a worker is not sent anything new, ms. */
export const FRESH_MS = 3000;
/** Silent for longer, it is forgotten, ms. */
export const FORGET_MS = 30_000;

export interface KnownWorker {
  beat: Heartbeat;
  heardAt: number;
  /** Requests of this coordinator that it works on. */
  ours: number;
  /** Of them, those that it was working on when it was heard. */
  oursThen: number;
  /** It could not be reached since it was heard. */
  unreachable: boolean;
}

/** What other coordinators have given it shows in its heartbeat, what this one has in its own count, which is newer. */
export const freeSlots = ({ beat, ours, oursThen }: KnownWorker): number =>
  beat.slots - ours - Math.max(0, beat.active - oursThen);

export const isFresh = ({ heardAt }: KnownWorker, now: number): boolean => now - heardAt <= FRESH_MS;

const mayTake = (worker: KnownWorker, now: number): boolean =>
  isFresh(worker, now) && !worker.unreachable && !worker.beat.draining && worker.beat.healthy;

/** The worker of the scope with the most free slots; the least busy for its size among equals. Null: none has any. */
export function pickWorker(
  workers: Iterable<KnownWorker>,
  scope: string,
  excluded: ReadonlySet<string>,
  now: number,
): KnownWorker | null {
  let best: KnownWorker | null = null;
  for (const worker of workers) {
    const { beat } = worker;
    if (beat.scope !== scope || excluded.has(beat.workerId) || !mayTake(worker, now)) continue;
    const free = freeSlots(worker);
    if (free <= 0) continue;
    if (best === null || free > freeSlots(best) || (free === freeSlots(best) && worker.ours < best.ours))
      best = worker;
  }
  return best;
}

/** How often a request is given to a worker at most. */
export const MAX_ATTEMPTS = 3;
/** Less time than this left, and it is not given to another, ms. */
export const RETRY_NEEDS_MS = 10_000;

/** Only a worker that refused because it is going down has surely not begun. */
export const mayRetry = (code: string, attempts: number, leftMs: number): boolean =>
  code === 'terminating' && attempts < MAX_ATTEMPTS && leftMs >= RETRY_NEEDS_MS;
