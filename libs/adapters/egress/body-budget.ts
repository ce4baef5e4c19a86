/** A body up to here costs nothing and never waits; nearly all pages are shorter. */
export const FREE_BYTES = 1024 * 1024;

/** A part of the budget. */
export interface Share {
  /** Keeps `bytes` of it; more than it has is no change. */
  shrink(bytes: number): void;
  release(): void;
}

interface Waiting {
  bytes: number;
  grant: (share: Share) => void;
}

/**
 * Memory for all long bodies that one process holds at a time, from the first byte over `FREE_BYTES` until nobody reads them any
 * more. Shares are given in the order of asking. A body asks once, for all it may come to need, so nobody who holds a share waits
 * for another; one that may need more than there is gets everything, alone.
 */
export class BodyBudget {
  private free: number;
  private waiting: Waiting[] = [];

  constructor(private readonly size: number) {
    this.free = size;
  }

  /** @throws what `signal` was aborted with. */
  reserve(bytes: number, signal: AbortSignal): Promise<Share> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const onAbort = (): void => {
        this.waiting = this.waiting.filter((one) => one !== waiting);
        // Whoever stood behind it may have needed less.
        this.grantNext();
        reject(signal.reason as Error);
      };
      const waiting: Waiting = {
        bytes: Math.min(bytes, this.size),
        grant: (share) => {
          signal.removeEventListener('abort', onAbort);
          resolve(share);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.waiting.push(waiting);
      this.grantNext();
    });
  }

  private grantNext(): void {
    for (let next = this.waiting[0]; next && next.bytes <= this.free; next = this.waiting[0]) {
      this.waiting.shift();
      this.free -= next.bytes;
      next.grant(this.share(next.bytes));
    }
  }

  private share(held: number): Share {
    const shrink = (bytes: number): void => {
      if (bytes >= held) return;
      this.free += held - bytes;
      held = bytes;
      this.grantNext();
    };
    return { shrink, release: () => shrink(0) };
  }
}
