import { randomBytes } from 'node:crypto';
import type { HashKey } from '#libs/job';

const TIME_CHARS = 9;

/** 16 characters that sort by time: ms since the epoch in base 36, then 36 random bits. */
export function newId(now: number = Date.now()): string {
  const random = randomBytes(6).readUIntBE(0, 6) % 36 ** 7;
  return now.toString(36).padStart(TIME_CHARS, '0') + random.toString(36).padStart(7, '0');
}

/** A key that nobody outside this process can know. */
export function newHashKey(): HashKey {
  const bytes = randomBytes(8);
  return [bytes.readInt32LE(0), bytes.readInt32LE(4)];
}
