import { UrlHasher, type HashKey } from './url-hasher.js';
import { UrlTable } from './url-table.js';

function hashOf(key: HashKey, ...[first, second = '']: string[]): number[] {
  const hasher = new UrlHasher(key);
  hasher.hash(first!, second);
  return [hasher.low, hasher.high];
}

const bytes = (hash: number[]): string =>
  hash.map((word) => Buffer.from(Int32Array.of(word).buffer).toString('hex')).join('');

describe('UrlHasher (HalfSipHash-2-4-64)', () => {
  // Vectors of the reference implementation: key 00…07, input 00, 01, 02, …
  const key = [0x03020100, 0x07060504] as const;
  test.each([
    [0, '218d1f59b9b83cc8'],
    [1, 'be552412f8387315'],
  ])('of %i bytes is the reference vector', (length, expected) => {
    const input = String.fromCharCode(...Array.from({ length }, (_, i) => i));
    expect(bytes(hashOf(key, input))).toBe(expected);
  });

  test('another key gives another hash', () => {
    expect(hashOf([1, 2], 'https://a/')).not.toEqual(hashOf([1, 3], 'https://a/'));
  });
});

describe('UrlTable', () => {
  test('keeps 50,000 URLs apart and finds each again', () => {
    const table = new UrlTable([7, 9]);
    for (let i = 0; i < 50_000; i++) expect(table.getOrAdd('https://a.test', `/p/${i}`, i)).toBe(i);
    expect(table.getOrAdd('', 'https://a.test/p/42', 99)).toBe(42);
    expect(table.get('https://a.test/p/49999')).toBe(49_999);
    expect(table.get('https://a.test/other')).toBe(-1);
    expect(table.size).toBe(50_000);
  });

  test('gives the links of a page what each of them alone would get, while it grows', () => {
    const key = [7, 9] as const;
    const origin = 'https://a.test';
    const all = new UrlTable(key);
    const each = new UrlTable(key);
    for (let page = 0; page < 400; page++) {
      const links = Array.from({ length: page % 120 }, (_, i) => {
        const path = `/p/${(page * 31 + i * i) % 5000}`;
        return i % 7 === 3 ? `https://b.test${path}` : path;
      });
      const found = all.getOrAddAll(origin, links, all.size).slice(0, links.length);
      const expected = links.map((link) => each.getOrAdd(link[0] === '/' ? origin : '', link, each.size));
      expect([...found]).toEqual(expected);
    }
    expect(all.size).toBe(each.size);
    expect(all.size).toBeGreaterThan(4000);
  });
});
