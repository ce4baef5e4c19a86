/** How many pages are worked on at once. */
export class Slots {
  private used = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly size: number) {}

  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.used >= this.size) await new Promise<void>((go) => this.waiting.push(go));
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
}
