/** Turns API keys into what may be stored, under a secret of this installation. */
export interface KeyHasher {
  /** HMAC-SHA-256, base64url. */
  hash(key: string): string;
  /** Takes the same time wherever the two differ. */
  matches(key: string, hash: string): boolean;
  /** 256 random bits, base64url. */
  newSecret(): string;
}
