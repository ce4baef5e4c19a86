import { createHash } from 'node:crypto';
import { SeededRandom } from '#libs/seeded-random';

/** The only chance in a run: whatever is drawn follows from seed and fault. */
export class Random extends SeededRandom {
  constructor(seed: number, salt: string) {
    super(createHash('sha256').update(`${salt}:${seed}`).digest().readUInt32LE(0));
  }
}
