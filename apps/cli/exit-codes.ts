import { SpoorError, type FailureCode } from '#libs/failures';

/** What a shell can tell apart; documented in the README. */
export const EXIT = { done: 0, badInput: 2, resumable: 3, noEngine: 4, unwell: 5, interrupted: 130 } as const;

const BY_CODE: Partial<Record<FailureCode, number>> = {
  invalid_request: EXIT.badInput,
  job_not_found: EXIT.badInput,
  not_found: EXIT.badInput,
  impossible_transition: EXIT.resumable,
  conflict: EXIT.resumable,
  log_full: EXIT.resumable,
  store_unavailable: EXIT.noEngine,
};

export function exitCodeOf(error: unknown): number {
  // A proxy that refuses: mended, the job goes on.
  if (error instanceof SpoorError)
    return BY_CODE[error.code] ?? (error.failure.stopsJob ? EXIT.resumable : 1);
  return (error as NodeJS.ErrnoException | null)?.code === 'ENOSPC' ? EXIT.resumable : 1;
}
