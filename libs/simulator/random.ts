import { SeededRandom } from '#libs/seeded-random';

/** The only chance in a scene. */
export class Random extends SeededRandom {
  constructor(seed: number) {
    super(seed * 0x9e3779b1);
    // Seeds that stand side by side begin alike; after a few rounds they do not.
    for (let i = 0; i < 8; i++) this.unit();
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
