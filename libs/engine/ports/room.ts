/** Room on the disk that the engine itself writes to: bodies, and the embedded servers. */
export interface Room {
  /** Bytes free; null when that cannot be known. */
  freeBytes(): Promise<number | null>;
}
