import { ago, bytes, duration, percent, plural, shortUrl } from './format.js';

test.each([
  [0, '0 ms'],
  [420.4, '420 ms'],
  [7500, '7.5 s'],
  [59_400, '59 s'],
  [185_000, '3 min 5 s'],
  [7_800_000, '2 h 10 min'],
  [352_800_000, '4 d 2 h'],
])('%d ms is %s', (ms, text) => expect(duration(ms)).toBe(text));

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1500, '1.5 kB'],
  [999_600, '1.0 MB'],
  [123_456_789, '123 MB'],
])('%d bytes are %s', (value, text) => expect(bytes(value)).toBe(text));

test('a share is 100 only when all is there', () => {
  expect([percent(999_999, 1_000_000), percent(3, 3), percent(0, 0)]).toEqual([99.9, 100, 0]);
});

test('what is counted is named', () =>
  expect([plural(1, 'page'), plural(2000, 'page')]).toEqual(['1 page', '2,000 pages']));

test('an age is told in its largest unit', () =>
  expect([ago(1000), ago(59_000), ago(3_600_000), ago(200_000_000)]).toEqual([
    'just now',
    '59 s ago',
    '1 h ago',
    '2 d ago',
  ]));

test('a long address keeps both ends', () => {
  const short = shortUrl(`https://site.invalid/${'a'.repeat(300)}/end`, 60);
  expect(short.length).toBeLessThanOrEqual(61);
  expect(short).toMatch(/^site\.invalid\/a+…a+\/end$/);
});
