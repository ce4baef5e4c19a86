import { canonicalUrl, fromLink, hostOf, originOf, parseUrl, toLink } from './url.js';

describe('canonicalUrl', () => {
  test.each([
    ['HTTP://Example.COM:80/a/../b/./c#frag', 'http://example.com/b/c'],
    ['https://example.com:443', 'https://example.com/'],
    ['https://example.com/%7euser/%c3%a9', 'https://example.com/%7Euser/%C3%A9'],
    ['https://example.com/?b=2&a=1', 'https://example.com/?b=2&a=1'],
    ['https://bücher.example/', 'https://xn--bcher-kva.example/'],
  ])('%s is %s', (input, expected) => expect(canonicalUrl(input)).toBe(expected));

  test.each([
    'ftp://a.test/',
    'javascript:alert(1)',
    'https://u:p@a.test/',
    'http://',
    `https://a.test/${'x'.repeat(8192)}`,
  ])('%.40s is no page', (input) => expect(canonicalUrl(input)).toBeNull());
});

describe('parseUrl', () => {
  test('knows URLs with Latin-1 characters also when it is hot', () => {
    // Flat strings of one byte a character: what a decoded page gives.
    const flat = (text: string): string => JSON.parse(JSON.stringify(text)) as string;
    const plain = Array.from({ length: 2000 }, (_, i) => flat(`https://a.test/x${i}`));
    const latin = Array.from({ length: 2000 }, (_, i) => flat(`https://a.test/caf\u00e9/${i}`));
    for (let round = 0; round < 100; round++) for (const url of plain) parseUrl(url, 'https://a.test/');
    expect(latin.filter((url) => parseUrl(url, 'https://a.test/') === null)).toEqual([]);
  });
});

test('a link of the page’s own origin travels as its path and comes back', () => {
  const url = 'https://a.test:8443/x?y';
  expect(originOf(url)).toBe('https://a.test:8443');
  expect(hostOf(url)).toBe('a.test:8443');
  expect(toLink(url, originOf(url))).toBe('/x?y');
  expect(fromLink('/x?y', originOf(url))).toBe(url);
  expect(toLink('https://a.test:84/', 'https://a.test:8')).toBe('https://a.test:84/');
});
