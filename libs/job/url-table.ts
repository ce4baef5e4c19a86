import { isOfOrigin } from '#libs/events';
import { UrlHasher, type HashKey } from './url-hasher.js';

const EMPTY = -1;
const WORDS = 3;
const HIGH = 1;
const INDEX = 2;

/**
 * Known URLs as keyed 64-bit hashes: 12 bytes a slot, whatever their length. Open addressing; a slot's three words (hash, index) lie
 * together, for a large table is slow by what it must fetch from memory.
 */
export class UrlTable {
  private slots = 256;
  private words = emptyWords(this.slots);
  private used = 0;
  // Of the last list of URLs.
  private lows = new Int32Array(64);
  private highs = new Int32Array(64);
  private found = new Int32Array(64);
  private readonly hasher: UrlHasher;

  constructor(key: HashKey) {
    this.hasher = new UrlHasher(key);
  }

  get size(): number {
    return this.used;
  }

  /** Index that was stored for this URL, or -1. */
  get(url: string): number {
    const { hasher } = this;
    hasher.hash('', url);
    return this.words[this.slotOf(hasher.low, hasher.high) + INDEX]!;
  }

  /** The index of the URL `origin + rest`; `fresh` is stored when it was not known. */
  getOrAdd(origin: string, rest: string, fresh: number): number {
    const { hasher } = this;
    hasher.hash(origin, rest);
    return this.putOrGet(hasher.low, hasher.high, fresh);
  }

  private putOrGet(low: number, high: number, fresh: number): number {
    let slot = this.slotOf(low, high);
    const known = this.words[slot + INDEX]!;
    if (known !== EMPTY) return known;
    if (this.used * 3 >= this.slots * 2) {
      this.grow();
      slot = this.slotOf(low, high);
    }
    this.put(slot, low, high, fresh);
    this.used++;
    return fresh;
  }

  /**
   * The same for each link of a page, in their order; those that were not known are counted from `fresh`. All are hashed first, so
   * that their places in a large table are fetched from memory together and not each in turn.
   * @param links paths of `origin`, or whole URLs
   * @returns their indices, valid until the next call
   */
  getOrAddAll(origin: string, links: readonly string[], fresh: number): Int32Array {
    const { length } = links;
    this.makeRoom(length);
    const { hasher, lows, highs, found } = this;
    for (let i = 0; i < length; i++) {
      const link = links[i]!;
      hasher.hash(isOfOrigin(link) ? origin : '', link);
      lows[i] = hasher.low;
      highs[i] = hasher.high;
    }
    this.lookFirst(length);
    for (let i = 0; i < length; i++) {
      if (found[i] !== EMPTY) continue;
      const index = this.putOrGet(lows[i]!, highs[i]!, fresh);
      if (index === fresh) fresh++;
      found[i] = index;
    }
    return found;
  }

  /** What stands right where its hash points to: most of what is known. */
  private lookFirst(length: number): void {
    const { words, lows, highs, found } = this;
    const mask = this.slots - 1;
    for (let i = 0; i < length; i++) {
      const low = lows[i]!;
      const slot = (low & mask) * WORDS;
      found[i] = words[slot] === low && words[slot + HIGH] === highs[i] ? words[slot + INDEX]! : EMPTY;
    }
  }

  private makeRoom(length: number): void {
    if (length <= this.found.length) return;
    this.lows = new Int32Array(length);
    this.highs = new Int32Array(length);
    this.found = new Int32Array(length);
  }

  /** Where the hash stands, or the empty slot where it belongs. */
  private slotOf(low: number, high: number): number {
    const { words } = this;
    const end = words.length;
    let slot = (low & (this.slots - 1)) * WORDS;
    while (words[slot + INDEX] !== EMPTY && (words[slot] !== low || words[slot + HIGH] !== high)) {
      slot += WORDS;
      if (slot === end) slot = 0;
    }
    return slot;
  }

  private put(slot: number, low: number, high: number, index: number): void {
    this.words[slot] = low;
    this.words[slot + HIGH] = high;
    this.words[slot + INDEX] = index;
  }

  private grow(): void {
    const { words } = this;
    this.slots *= 2;
    this.words = emptyWords(this.slots);
    for (let slot = 0; slot < words.length; slot += WORDS) {
      const index = words[slot + INDEX]!;
      if (index === EMPTY) continue;
      const low = words[slot]!;
      const high = words[slot + HIGH]!;
      this.put(this.slotOf(low, high), low, high, index);
    }
  }
}

const emptyWords = (slots: number): Int32Array => new Int32Array(slots * WORDS).fill(EMPTY);
