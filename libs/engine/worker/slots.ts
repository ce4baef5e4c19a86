import type { Clock, Metrics } from '../ports/index.js';

/** How many pages are worked on at once. */
export class Slots {
  private used = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly size: number,
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly metrics?: Pick<Metrics, 'slotWaited'> | undefined,
  ) {}

  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.used >= this.size) await this.turn();
    else this.used += 1;
    try {
      return await work();
    } finally {
      // The slot is handed on, not freed and taken, so that nobody can come between.
      const next = this.waiting.shift();
      if (next) next();
      else this.used -= 1;
    }
  }

  private async turn(): Promise<void> {
    const began = this.clock.monotonic();
    await new Promise<void>((go) => this.waiting.push(go));
    this.metrics?.slotWaited(this.clock.monotonic() - began);
  }
}
