import { readdirSync } from 'node:fs';
import { evidenceKinds } from './evidence/registry.js';

test('every file of a kind of evidence is registered, under the name of its file', () => {
  const files = readdirSync(new URL('./evidence/', import.meta.url))
    .map((name) => name.replace('.ts', ''))
    .filter((name) => name !== 'kind' && name !== 'registry');
  expect(evidenceKinds.map((kind) => kind.type.replaceAll('_', '-')).sort()).toEqual(files.sort());
});
