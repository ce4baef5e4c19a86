import { byName, passedOn, urlOfAuthority, urlOfRequest } from './browser-headers.js';

describe('headers that a proxy passes on', () => {
  it('keeps order, spelling and repetitions, and drops what is between two neighbours', () => {
    const raw = ['Host', 'a', 'Proxy-Authorization', 'secret', 'X-B', '1', 'connection', 'close, X-Own'];
    raw.push('x-own', 'gone', 'Transfer-Encoding', 'chunked', 'x-b', '2', 'Upgrade', 'h2c', 'TE', 'trailers');
    expect(passedOn(raw)).toEqual(['Host', 'a', 'X-B', '1', 'x-b', '2']);
  });

  it('by name they have all their values', () => {
    expect(byName(['X-B', '1', 'A', 'x', 'x-b', '2', 'X-b', '3'])).toEqual({
      'X-B': ['1', '2', '3'],
      A: 'x',
    });
  });

  it('no name is special to us', () => {
    expect(Object.entries(byName(['__proto__', 'x', 'constructor', 'y']))).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });
});

describe('what is asked of the proxy', () => {
  it.each([
    ['a.test:443', 'https://a.test/'],
    ['a.test:80', 'https://a.test:80/'],
    ['A.TEST:8443', 'https://a.test:8443/'],
    ['[::1]:443', 'https://[::1]/'],
    // Spellings that other parsers take for another address.
    ['0x7f.1:443', 'https://127.0.0.1/'],
    ['2130706433:81', 'https://127.0.0.1:81/'],
    ['a.test', null],
    ['a.test:', null],
    ['a.test:0', null],
    ['a.test:65536', null],
    ['user@a.test:443', null],
    ['a.test:443/path', null],
    ['a.test#:443', null],
    ['[::1', null],
    [':443', null],
    ['', null],
  ])('CONNECT %s: %s', (authority, url) => expect(urlOfAuthority(authority)).toBe(url));

  it.each([
    ['http://a.test/x?y', 'http://a.test/x?y'],
    ['HTTP://0177.1:80/', 'http://127.0.0.1/'],
    ['https://a.test/', null],
    ['ftp://a.test/', null],
    ['http://user:pw@a.test/', null],
    ['/x', null],
    ['http:a.test/', null],
    ['http://', null],
  ])('%s: %s', (target, url) => expect(urlOfRequest(target)).toBe(url));
});
