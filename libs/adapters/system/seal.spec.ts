import { createSeal } from './seal.js';

const seal = createSeal('a secret of this installation, long enough');
const other = createSeal('a secret of another installation, long too');

test('what is sealed is opened by whoever has the secret, in another process too', () => {
  const sealed = seal.seal('spoor_key');
  expect(createSeal('a secret of this installation, long enough').open(sealed)).toBe('spoor_key');
  expect(sealed).not.toContain('spoor_key');
  expect(seal.seal('spoor_key')).not.toBe(sealed);
});

test('given another secret, a changed byte or nonsense, then nothing is opened', () => {
  const sealed = seal.seal('spoor_key');
  const bytes = Buffer.from(sealed, 'base64url');
  bytes[bytes.length - 1]! ^= 1;
  for (const bad of [bytes.toString('base64url'), '', 'x', sealed.slice(0, 20)])
    expect(seal.open(bad)).toBeNull();
  expect(other.open(sealed)).toBeNull();
});

test('a signature holds for its text alone', () => {
  const signature = seal.sign('form 1');
  expect(seal.isSignature('form 1', signature)).toBe(true);
  for (const [text, given] of [
    ['form 2', signature],
    ['form 1', 'x'],
    ['form 1', other.sign('form 1')],
  ] as const)
    expect(seal.isSignature(text, given)).toBe(false);
});
