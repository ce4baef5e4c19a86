import { ItemsDiff } from './items-diff.js';

const items = (...data: Record<string, unknown>[]) => data.map((one, index) => ({ index, data: one }));
const compared = (before: Record<string, unknown>[], after: Record<string, unknown>[]) => {
  const diff = new ItemsDiff();
  diff.add('https://a.test/', items(...before), items(...after));
  return diff.report();
};
const none = { added: 0, changed: 0, removed: 0, same: 0 };

test('given a value that was not there before, is not there now, or is another, then each is told of its field', () => {
  const before = { name: null, city: 'Split', sector: 'timber', tags: ['a'] };
  const after = { name: 'Alder', city: null, sector: 'energy', tags: ['a'] };
  const report = compared([before], [after]);
  expect(report.fields).toEqual({
    name: { ...none, added: 1 },
    city: { ...none, removed: 1 },
    sector: { ...none, changed: 1 },
    tags: { ...none, same: 1 },
  });
  expect(report.examples).toContainEqual({
    ...{ url: 'https://a.test/', index: 0, field: 'name', from: null, to: 'Alder' },
  });
  expect(report).toMatchObject({ pages: { compared: 1, changed: 1 }, items: { changed: 1, added: 0 } });
});

test('given nothing in one way and nothing in another, then that is the same', () => {
  const { fields, pages } = compared([{ a: null, b: [] }], [{ b: null, c: undefined }]);
  expect(fields).toEqual({ a: { ...none, same: 1 }, b: { ...none, same: 1 }, c: { ...none, same: 1 } });
  expect(pages).toEqual({ compared: 1, changed: 0 });
});

test('given more or fewer items than before, then they are counted as such, and their values with them', () => {
  const more = compared([{ n: 1 }], [{ n: 1 }, { n: 2 }]);
  expect(more.items).toEqual({ before: 1, after: 2, added: 1, changed: 0, removed: 0 });
  expect(more.fields).toEqual({ n: { ...none, same: 1, added: 1 } });
  const fewer = compared([{ n: 1 }, { n: 2 }], []);
  expect(fewer.items).toEqual({ before: 2, after: 0, added: 0, changed: 0, removed: 2 });
  expect(fewer.pages.changed).toBe(1);
});

test('given an item that is empty, then it is one all the same', () => {
  expect(compared([], [{}])).toMatchObject({ pages: { changed: 1 }, items: { added: 1 } });
});

test('given many changes of a field, then the first three are shown and all are counted', () => {
  const diff = new ItemsDiff();
  for (let n = 0; n < 9; n++) diff.add(`https://a.test/${n}`, items({ n: null }), items({ n }));
  const { fields, examples } = diff.report();
  expect(fields['n']).toEqual({ ...none, added: 9 });
  expect(examples.map(({ to }) => to)).toEqual([0, 1, 2]);
});

test.each(['constructor', 'toString', '__proto__'])(
  'given a field called %s, then it is one like others',
  (name) => {
    const value = JSON.parse(`{"${name}": "x"}`) as Record<string, unknown>;
    const report = compared([{}], [value]);
    expect(JSON.parse(JSON.stringify(Object.entries(report.fields)))).toEqual([
      [name, { ...none, added: 1 }],
    ]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  },
);
