import { readFileSync } from 'node:fs';

/** `path`: name of a test, as the table in docs/interleavings.md has them. */
const SHOWN = /`([^`]+spec\.ts)`: (.+?)(?=<br>| +\|)/g;

describe('docs/interleavings.md', () => {
  const rows = readFileSync('docs/interleavings.md', 'utf8')
    .split('\n')
    .filter((line) => /^\| *\d+ \|/.test(line));

  it('has all fourteen, in order', () => {
    expect(rows.map((row) => Number(row.split('|')[1]))).toEqual(Array.from({ length: 14 }, (_, i) => i + 1));
  });

  it('names tests that there are', () => {
    const shown = rows.map((row) =>
      [...row.matchAll(SHOWN)].map(([, path = '', name = '']) => ({ path, name })),
    );
    expect(shown.filter((tests) => tests.length === 0)).toEqual([]);
    const gone = shown.flat().filter(({ path, name }) => !readFileSync(path, 'utf8').includes(`'${name}'`));
    expect(gone).toEqual([]);
  });
});
