import type { EventData } from '#libs/events';
import type { FrontierCounts, StageCounts } from './entry.js';
import type { Frontier } from './frontier.js';

/** How far a job has come: exact, not per batch. */
export interface JobPosition {
  /** Sequence that all of it is true at. */
  seq: number;
  /** Server time of that event. */
  storedAt: number;
  /** The page up to which every page of the range has an outcome; 0 if none has, null without a range. */
  lastPage: number | null;
  /** First page of the range without an outcome; null when there is none, or no range. */
  nextPage: number | null;
  /** The open page that comes first; null when none is open. */
  nextUrl: string | null;
  counts: FrontierCounts;
  /** By stage, in the order of the spec. */
  stages: Record<string, StageCounts>;
}

export const positionOf = (frontier: Frontier): JobPosition => ({
  seq: frontier.seq,
  storedAt: frontier.storedAt,
  lastPage: frontier.lastPage,
  nextPage: frontier.nextPage,
  nextUrl: frontier.nextOpen?.url ?? null,
  counts: frontier.counts,
  stages: frontier.stageCounts(),
});

/** Pages of each stage with an outcome: what a resume does not request again. */
export const doneByStage = ({ stages }: JobPosition): Record<string, number> =>
  mapped(stages, ({ fetched, failed, skipped }) => fetched + failed + skipped);

export const remainingByStage = ({ stages }: JobPosition): Record<string, number> =>
  mapped(stages, ({ open }) => open);

/** What a resume records of where it goes on. */
export type ResumedFrom = Required<
  Pick<EventData<'JobResumed'>, 'done' | 'remaining' | 'atSeq' | 'lastPage' | 'nextPage'>
>;

export const resumedFrom = (position: JobPosition): ResumedFrom => ({
  done: doneByStage(position),
  remaining: remainingByStage(position),
  atSeq: position.seq,
  lastPage: position.lastPage,
  nextPage: position.nextPage,
});

const mapped = <T>(stages: Record<string, T>, value: (of: T) => number): Record<string, number> =>
  Object.fromEntries(Object.entries(stages).map(([name, of]) => [name, value(of)]));
