import type { Position } from './event-log.js';

/** What one caller used in one hour. */
export interface UsageHour {
  /** Key id, or wallet. */
  caller: string;
  /** ISO 8601, begin of the hour in UTC. */
  hour: string;
  served: number;
  refused: number;
  /** Over the wire from targets. */
  bytes: number;
  watt: number;
  refusedByCode: Record<string, number>;
  lastUsedAt: string;
}

export interface UsageMove {
  /** Where the caller believes the checkpoint to be. */
  expected: Position | null;
  next: Position;
  /** All that is there comes from another log. */
  forget: boolean;
}

/** A read model of the account log: can be thrown away, and comes out the same. */
export interface UsageStore {
  position(): Promise<Position | null>;
  /** Adds to the rows and moves the checkpoint, both or neither. @throws StaleCheckpointError */
  add(rows: readonly UsageHour[], move: UsageMove): Promise<void>;
  /** Newest hours first. */
  hours(caller: string, since: string): Promise<UsageHour[]>;
  totals(): Promise<Map<string, { served: number; refused: number; lastUsedAt: string }>>;
}
