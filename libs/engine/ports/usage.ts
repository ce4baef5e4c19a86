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

/** A read model of the account log: can be thrown away, and comes out the same. */
export interface UsageStore {
  position(): Promise<Position | null>;
  /** Adds to the rows and moves the checkpoint, both or neither. @throws StaleCheckpointError */
  add(rows: readonly UsageHour[], move: UsageMove): Promise<void>;
  /** Newest hours first. */
  hours(caller: string, since: string): Promise<UsageHour[]>;
  totals(): Promise<Map<string, { served: number; refused: number; lastUsedAt: string }>>;
}
