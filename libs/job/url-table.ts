/** Two 32-bit words that the process draws for itself: a hostile site cannot craft URLs that collide. */
export type HashKey = readonly [number, number];

const EMPTY = -1;

/**
 * Known URLs as keyed 64-bit hashes: 12 bytes a slot, whatever their length. HalfSipHash-2-4 with 64-bit output
 * (Aumasson and Bernstein, reference implementation), because JavaScript is quick with 32-bit words. Open addressing.
 */
export class UrlTable {
  private slots = 1024;
  private low = new Int32Array(this.slots);
  private high = new Int32Array(this.slots);
  private index = new Int32Array(this.slots).fill(EMPTY);
  private used = 0;

  constructor(private readonly key: HashKey) {}

  get size(): number {
    return this.used;
  }

  /** Index that was stored for this URL, or -1. */
  get(url: string): number {
    const [low, high] = halfSipHash(this.key, url);
    return this.index[this.slotOf(low, high)]!;
  }

  /** The URL's index; `fresh` is stored when it was not known. */
  getOrAdd(url: string, fresh: number): number {
    const [low, high] = halfSipHash(this.key, url);
    let slot = this.slotOf(low, high);
    if (this.index[slot]! !== EMPTY) return this.index[slot]!;
    if (this.used * 3 >= this.slots * 2) {
      this.grow();
      slot = this.slotOf(low, high);
    }
    this.low[slot] = low;
    this.high[slot] = high;
    this.index[slot] = fresh;
    this.used++;
    return fresh;
  }

  private slotOf(low: number, high: number): number {
    const mask = this.slots - 1;
    let slot = low & mask;
    while (this.index[slot] !== EMPTY && (this.low[slot] !== low || this.high[slot] !== high))
      slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    const { low, high, index } = this;
    this.slots *= 2;
    this.low = new Int32Array(this.slots);
    this.high = new Int32Array(this.slots);
    this.index = new Int32Array(this.slots).fill(EMPTY);
    for (let i = 0; i < index.length; i++) {
      if (index[i] === EMPTY) continue;
      const slot = this.slotOf(low[i]!, high[i]!);
      this.low[slot] = low[i]!;
      this.high[slot] = high[i]!;
      this.index[slot] = index[i]!;
    }
  }
}

/** @param text ASCII, as a serialised URL always is */
export function halfSipHash(key: HashKey, text: string): [number, number] {
  let v0 = key[0] | 0;
  let v1 = (key[1] ^ 0xee) | 0;
  let v2 = (0x6c796765 ^ key[0]) | 0;
  let v3 = (0x74656462 ^ key[1]) | 0;
  const round = (): void => {
    v0 = (v0 + v1) | 0;
    v1 = (v1 << 5) | (v1 >>> 27);
    v1 ^= v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = (v3 << 8) | (v3 >>> 24);
    v3 ^= v2;
    v0 = (v0 + v3) | 0;
    v3 = (v3 << 7) | (v3 >>> 25);
    v3 ^= v0;
    v2 = (v2 + v1) | 0;
    v1 = (v1 << 13) | (v1 >>> 19);
    v1 ^= v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  };
  const length = text.length;
  const words = length & ~3;
  for (let i = 0; i < words; i += 4) {
    const word =
      text.charCodeAt(i) |
      (text.charCodeAt(i + 1) << 8) |
      (text.charCodeAt(i + 2) << 16) |
      (text.charCodeAt(i + 3) << 24);
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  let last = length << 24;
  for (let i = length - 1; i >= words; i--) last |= text.charCodeAt(i) << (8 * (i - words));
  v3 ^= last;
  round();
  round();
  v0 ^= last;
  v2 ^= 0xee;
  round();
  round();
  round();
  round();
  const low = v1 ^ v3;
  v1 ^= 0xdd;
  round();
  round();
  round();
  round();
  return [low, v1 ^ v3];
}
