/** The only chance in a scene: everything that is drawn follows from the seed, in the order in which it is asked for. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = (seed * 0x9e3779b1) >>> 0;
    // Seeds that stand side by side begin alike; after a few rounds they do not.
    for (let i = 0; i < 8; i++) this.unit();
  }

  /** From 0 up to 1 (mulberry32). */
  unit(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + this.unit() * (high - low);
  }

  /** Whole numbers, both ends included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.int(0, values.length - 1)]!;
  }

  /** Rather small, seldom large. */
  rather(low: number, high: number): number {
    return low + this.unit() ** 2 * (high - low);
  }

  /** Short mostly, long now and then. */
  skewed(low: number, high: number): number {
    return low + this.unit() ** 4 * (high - low);
  }
}
