const CHUNK = 256 * 1024;
const FIRST_BYTES = 4096;
/** Two bytes before each text. */
const LENGTH_BYTES = 2;
const MAX_LENGTH = 0xffff;

/**
 * Texts outside the heap: a byte for each character, where a string object takes some forty more and the garbage collector's time.
 * What is dropped frees its chunk once nothing else lies in it.
 */
export class TextArena {
  private readonly chunks: (Uint8Array | null)[] = [];
  /** Texts in each chunk. */
  private readonly live: number[] = [];
  private used = CHUNK;

  /** Held now. */
  get bytes(): number {
    return this.chunks.reduce((sum, chunk) => sum + (chunk?.length ?? 0), 0);
  }

  /** Where `first + second` lies now; -1 when it does not fit in here: not ASCII, or too long. */
  add(first: string, second: string): number {
    const length = first.length + second.length;
    if (length > MAX_LENGTH) return -1;
    const chunk = this.roomFor(LENGTH_BYTES + length);
    let at = this.used;
    chunk[at++] = length >> 8;
    chunk[at++] = length & 0xff;
    let all = 0;
    for (let i = 0; i < first.length; i++) all |= chunk[at++] = first.charCodeAt(i);
    for (let i = 0; i < second.length; i++) all |= chunk[at++] = second.charCodeAt(i);
    if (all > 0x7f) return -1;
    const place = (this.chunks.length - 1) * CHUNK + this.used;
    this.used = at;
    this.live[this.chunks.length - 1]!++;
    return place;
  }

  get(place: number): string {
    const chunk = this.chunks[Math.floor(place / CHUNK)]!;
    const at = place % CHUNK;
    const length = (chunk[at]! << 8) | chunk[at + 1]!;
    const from = at + LENGTH_BYTES;
    return Buffer.from(chunk.buffer, chunk.byteOffset + from, length).toString('latin1');
  }

  drop(place: number): void {
    const index = Math.floor(place / CHUNK);
    this.live[index]!--;
    if (this.live[index] === 0 && index < this.chunks.length - 1) this.chunks[index] = null;
  }

  /** The chunk that has room for so many bytes more. It grows: a small job shall not pay for a large one. */
  private roomFor(bytes: number): Uint8Array {
    if (this.used + bytes > CHUNK) {
      const last = this.chunks.length - 1;
      if (this.live[last] === 0) this.chunks[last] = null;
      this.chunks.push(new Uint8Array(FIRST_BYTES));
      this.live.push(0);
      this.used = 0;
    }
    const chunk = this.chunks.at(-1)!;
    if (this.used + bytes <= chunk.length) return chunk;
    let length = chunk.length;
    while (length < this.used + bytes) length *= 4;
    const grown = new Uint8Array(Math.min(length, CHUNK));
    grown.set(chunk);
    this.chunks[this.chunks.length - 1] = grown;
    return grown;
  }
}
