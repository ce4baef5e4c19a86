import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KeyHasher } from '#libs/engine/ports';

/** @param secret of this installation; with another one no key that exists is known any more */
export function createKeyHasher(secret: string): KeyHasher {
  const digest = (key: string): Buffer => createHmac('sha256', secret).update(key).digest();
  return {
    hash: (key) => digest(key).toString('base64url'),
    matches: (key, hash) => {
      const found = digest(key);
      const wanted = Buffer.from(hash, 'base64url');
      // Unknown keys are compared, too: with themselves changed.
      const other = wanted.length === found.length ? wanted : Buffer.alloc(found.length, found[0]! ^ 1);
      return timingSafeEqual(found, other);
    },
    newSecret: () => randomBytes(32).toString('base64url'),
  };
}
