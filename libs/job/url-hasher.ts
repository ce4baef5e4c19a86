/** Two 32-bit words that the process draws for itself: a hostile site cannot craft URLs that collide. */
export type HashKey = readonly [number, number];

/**
 * HalfSipHash-2-4 with 64-bit output (Aumasson and Bernstein, reference implementation), because JavaScript is quick with 32-bit
 * words. A text comes as two parts that are hashed as one: the links of a page share their origin, whose state is kept, and joining
 * the parts would cost more than the hash.
 */
export class UrlHasher {
  /** Of the text that was hashed last. */
  low = 0;
  high = 0;
  private v0 = 0;
  private v1 = 0;
  private v2 = 0;
  private v3 = 0;
  /** Bytes that do not fill a word yet, and how many came so far. */
  private word = 0;
  private length = 0;
  private origin: string | null = null;
  private readonly kept = new Int32Array(6);

  constructor(private readonly key: HashKey) {}

  /** Sets `low` and `high`. Both parts are ASCII, as a serialised URL always is. */
  hash(origin: string, rest: string): void {
    if (origin === this.origin) this.restore();
    else {
      this.reset();
      this.absorb(origin);
      this.keep(origin);
    }
    this.absorb(rest);
    this.finish();
  }

  private reset(): void {
    const { key } = this;
    this.v0 = key[0] | 0;
    this.v1 = (key[1] ^ 0xee) | 0;
    this.v2 = (0x6c796765 ^ key[0]) | 0;
    this.v3 = (0x74656462 ^ key[1]) | 0;
    this.word = 0;
    this.length = 0;
  }

  private keep(origin: string): void {
    const { kept } = this;
    this.origin = origin;
    kept[0] = this.v0;
    kept[1] = this.v1;
    kept[2] = this.v2;
    kept[3] = this.v3;
    kept[4] = this.word;
    kept[5] = this.length;
  }

  private restore(): void {
    const { kept } = this;
    this.v0 = kept[0]!;
    this.v1 = kept[1]!;
    this.v2 = kept[2]!;
    this.v3 = kept[3]!;
    this.word = kept[4]!;
    this.length = kept[5]!;
  }

  // The rounds stand in the loop itself, on local variables: as a closure over them they take twice as long.
  private absorb(text: string): void {
    let { v0, v1, v2, v3, word, length } = this;
    for (let i = 0; i < text.length; i++, length++) {
      word |= text.charCodeAt(i) << ((length & 3) << 3);
      if ((length & 3) !== 3) continue;
      v3 ^= word;
      for (let round = 0; round < 2; round++) {
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      v0 ^= word;
      word = 0;
    }
    this.v0 = v0;
    this.v1 = v1;
    this.v2 = v2;
    this.v3 = v3;
    this.word = word;
    this.length = length;
  }

  private finish(): void {
    const last = this.word | (this.length << 24);
    this.v3 ^= last;
    this.rounds(2);
    this.v0 ^= last;
    this.v2 ^= 0xee;
    this.rounds(4);
    this.low = this.v1 ^ this.v3;
    this.v1 ^= 0xdd;
    this.rounds(4);
    this.high = this.v1 ^ this.v3;
  }

  private rounds(count: number): void {
    let { v0, v1, v2, v3 } = this;
    for (let round = 0; round < count; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    this.v0 = v0;
    this.v1 = v1;
    this.v2 = v2;
    this.v3 = v3;
  }
}
