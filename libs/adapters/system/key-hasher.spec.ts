import { createKeyHasher } from './key-hasher.js';

describe('hashes of keys', () => {
  const hasher = createKeyHasher('s'.repeat(32));
  const KEY = 'spoor_key';
  const hash = hasher.hash(KEY);

  it('given a hash that differs in any place, then it does not match', () => {
    expect(hasher.matches(KEY, hash)).toBe(true);
    const bytes = Buffer.from(hash, 'base64url');
    for (let i = 0; i < bytes.length; i += 1) {
      const other = Buffer.from(bytes);
      other[i]! ^= 1;
      expect(hasher.matches(KEY, other.toString('base64url'))).toBe(false);
    }
  });

  it.each(['', 'x', 'spoor_kez', `${KEY} `])(
    'given %p in the place of the key, then it does not match',
    (key) => {
      expect(hasher.matches(key, hash)).toBe(false);
    },
  );

  it.each(['', 'AA', '!!'])('given %p in the place of the hash, then nothing matches', (odd) => {
    expect(hasher.matches(KEY, odd)).toBe(false);
  });

  it('given another secret, then no key is known', () => {
    expect(createKeyHasher('t'.repeat(32)).matches(KEY, hash)).toBe(false);
  });

  it('secrets of keys have 256 bits, each its own', () => {
    const made = Array.from({ length: 100 }, () => hasher.newSecret());
    expect(new Set(made).size).toBe(100);
    for (const secret of made) expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
  });
});
