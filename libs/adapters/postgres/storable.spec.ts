import { storableJson, storableText } from './storable.js';

const NUL = String.fromCharCode(0);

test.each([
  ['plain', 'plain'],
  ['\ud83d\ude00', '\ud83d\ude00'],
  [`a${NUL}b`, 'a\ufffdb'],
  ['\ud800', '\ufffd'],
  ['\udc00\ud800', '\ufffd\ufffd'],
])('text %j', (text, expected) => {
  expect(storableText(text)).toBe(expected);
});

test('JSON keeps what only looks like an escape', () => {
  const value = { path: 'C:\\u0000', list: [1, null, true], nested: { emoji: '\ud83d\ude00' } };
  expect(JSON.parse(storableJson(value))).toEqual(value);
});

test('JSON is cleaned in keys and values, however deep', () => {
  expect(JSON.parse(storableJson({ [`k${NUL}`]: ['\ud800'] }))).toEqual({ 'k\ufffd': ['\ufffd'] });
});
