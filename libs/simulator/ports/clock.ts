import type { Clock } from '#libs/engine/ports';
import type { Life } from '../life.js';
import type { World } from '../world.js';

/** How late a timer may be. */
const LATE_MS = 1;

/** Virtual time, as one process sees it. */
export class SimulatedClock implements Clock {
  constructor(
    private readonly world: World,
    private readonly life: Life,
    private readonly random: { unit(): number },
  ) {}

  now(): number {
    return Math.floor(this.world.time + this.life.skew);
  }

  monotonic(): number {
    return this.world.time - this.life.born;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(aborted());
      const onAbort = (): void => {
        cancel();
        reject(aborted());
      };
      const cancel = this.timer(ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort);
    });
  }

  timer(ms: number, callback: () => void): () => void {
    // A dead process sets no timers; its code may still be running to its next wait.
    if (!this.life.alive) return () => undefined;
    return this.world.after(ms + this.random.unit() * LATE_MS, this.life, 'timer', callback);
  }
}

export function aborted(): Error {
  const error = new Error('The operation was aborted');
  error.name = 'AbortError';
  return error;
}
