import type { Clock } from '#libs/engine/ports';

/** What was waited for took too long; whoever does it may be stuck. */
export class LateError extends Error {
  constructor(readonly ms: number) {
    super(`not within ${Math.round(ms)}ms`);
    this.name = 'LateError';
  }
}

/** The caller does not wait any more. */
export class CancelledError extends Error {
  constructor() {
    super('the caller is gone');
    this.name = 'CancelledError';
  }
}

/** @throws LateError, CancelledError; what `work` throws */
export async function within<T>(
  clock: Pick<Clock, 'timer'>,
  ms: number,
  work: Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  // Nobody may be left to hear of it.
  work.catch(() => undefined);
  if (signal?.aborted) throw new CancelledError();
  let stop = (): void => undefined;
  const end = new Promise<never>((_, reject) => {
    const cancelTimer = clock.timer(Math.max(0, ms), () => reject(new LateError(ms)));
    const abort = (): void => reject(new CancelledError());
    signal?.addEventListener('abort', abort, { once: true });
    stop = () => {
      cancelTimer();
      signal?.removeEventListener('abort', abort);
    };
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    stop();
  }
}
