import { describeError } from '../describe-error.js';
import type { Clock, Logger } from '../ports/index.js';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;

/**
 * Does what must be done until it is done: while the log or a store does not answer, the work is held, never dropped.
 * @throws what `signal` was aborted with, or an error that `holds` does not call a passing one.
 */
export async function hold<T>(
  effect: () => Promise<T>,
  { clock, logger }: { clock: Clock; logger: Logger },
  signal: AbortSignal,
  holds: (error: unknown) => boolean = () => true,
): Promise<T> {
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    signal.throwIfAborted();
    try {
      return await effect();
    } catch (error) {
      if (!holds(error)) throw error;
      logger.warn({ error: describeError(error) }, 'held until the store answers');
      await clock.sleep(wait, signal);
    }
  }
}

/** The log or a store is away, or full; anything else would fail again the same way. */
export const isPassing = (error: unknown): boolean => {
  const code = (error as { code?: unknown }).code;
  return code === 'store_unavailable' || code === 'log_full';
};
