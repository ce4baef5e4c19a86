import type { JobEvent, UnreadableEvent } from '#libs/events';

/** A limit that holds for what a shard stores, with what is used of it. */
export interface Allowance {
  /** `stream SPOOR_EVENTS_0`, or `account` for all that this account of NATS may keep. */
  name: string;
  used: number;
  limit: number;
  unit: 'bytes' | 'messages';
}

/** How many servers hold a stream. */
export interface Copies {
  stream: string;
  replicas: number;
}

/** Tasks that lie in the queue of a pool, and whether anybody takes them. */
export interface QueueUse {
  /** Delivered or not. */
  tasks: number;
  /** Workers that wait for tasks now. */
  pulls: number;
  /** Wall clock of the last delivery or acknowledgement, ms; null before the first. */
  lastActivityAt: number | null;
}

/** The last decision of each job of a shard. */
export interface LastDecisions {
  decisions: JobEvent[];
  /** Those that this code cannot read: nothing can be decided on their jobs. */
  unreadable: UnreadableEvent[];
}

/** What an operator asks of the log: health, metrics and `spoor doctor` stand on it, and no use case does. */
export interface LogInspection {
  /** Empty where nothing is limited. @throws SpoorError store_unavailable */
  allowances(shard: number): Promise<Allowance[]>;
  /** @throws SpoorError store_unavailable */
  copies(shard: number): Promise<Copies[]>;
  /** @throws SpoorError store_unavailable */
  lastDecisions(shard: number): Promise<LastDecisions>;
  /** Server's clock (ms) when the first event behind `seq` was stored; null when there is none. @throws SpoorError */
  storedBehind(shard: number, seq: number): Promise<number | null>;
  /** @throws SpoorError store_unavailable */
  queue(shard: number, pool: string): Promise<QueueUse>;
  /** Pools that tasks lie in the queue for. @throws SpoorError store_unavailable */
  waitingPools(shard: number): Promise<string[]>;
  /** Wall clock (ms) of the last write that was refused for want of room; null when a later one was taken. */
  refusedAt(): number | null;
}
