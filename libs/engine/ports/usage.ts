import type { UsageDelta } from '#libs/accounts';
import type { Position } from './event-log.js';

/** What one caller used in one hour; a sum of what events tell. */
export type UsageHour = UsageDelta;

export interface UsageMove {
  /** Where the caller believes the checkpoint to be. */
  expected: Position | null;
  next: Position;
  /** All that is there comes from another log. */
  forget: boolean;
}

export interface UsageFilter {
  /** Key id, or wallet; default: all. */
  caller?: string | undefined;
  /** ISO 8601: hours that end behind it, the one that it lies in included; default: from the first. */
  from?: string | undefined;
  /** ISO 8601: hours that begin before it. */
  to?: string | undefined;
}

/** A read model of the account log: can be thrown away, and comes out the same. */
export interface UsageStore {
  position(): Promise<Position | null>;
  /** Adds to the rows and moves the checkpoint, both or neither. @throws StaleCheckpointError */
  add(rows: readonly UsageHour[], move: UsageMove): Promise<void>;
  /** Newest hours first; within an hour by caller. */
  hours(filter: UsageFilter): Promise<UsageHour[]>;
  totals(): Promise<Map<string, { served: number; refused: number; lastUsedAt: string }>>;
}
