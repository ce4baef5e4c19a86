import { createHash } from 'node:crypto';

/** A set of pages that anybody can compare: how many, and a digest of which. */
export interface PageSet {
  pages: number;
  /** Of the page keys (see `pageKey`), sorted, each followed by a line feed. The empty set has the hash of nothing. */
  sha256: string;
}

export function pageSet(keys: Iterable<string>): PageSet {
  const sorted = [...keys].sort();
  const hash = createHash('sha256');
  for (const key of sorted) hash.update(`${key}\n`);
  return { pages: sorted.length, sha256: hash.digest('hex') };
}
