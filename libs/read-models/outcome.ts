import type { RobotsVerdict, StoredEvent } from '#libs/events';

/** Page events that end a page, for the time being. */
export type OutcomeType = 'PageFetched' | 'FetchFailed' | 'PageSkipped';
export type OutcomeEvent<T extends OutcomeType = OutcomeType> = StoredEvent<T>;

/** Requested all the same, but its body was not read and nothing on it is followed. */
export const isRobotsBlocked = (robots: RobotsVerdict | undefined): boolean =>
  robots !== undefined && robots.policy !== 'ignore' && !robots.allowed;

/** 2xx and 3xx without a fault; what robots.txt says is not a matter of success. */
export const isSuccess = (statusCode: number, error: string | null): boolean =>
  error === null && statusCode >= 200 && statusCode < 400;
