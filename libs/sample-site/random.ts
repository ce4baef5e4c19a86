import { SeededRandom } from '#libs/seeded-random';

/** The same seed gives the same site on every machine. */
export class Random extends SeededRandom {
  constructor(seed: string) {
    let hash = 2166136261;
    for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 16777619);
    super(hash);
  }

  /** `count` different values, in the order of the list. */
  some<T>(values: readonly T[], count: number): T[] {
    const left = values.map((value, at) => ({ value, at, key: this.unit() }));
    left.sort((a, b) => a.key - b.key);
    return left
      .slice(0, count)
      .sort((a, b) => a.at - b.at)
      .map((entry) => entry.value);
  }
}
