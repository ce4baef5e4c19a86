import { asTheyCome, inOrder } from './merge.js';

async function* of(...values: number[]): AsyncGenerator<number> {
  for (const value of values) yield value;
}
async function all(source: AsyncIterable<number>): Promise<number[]> {
  const found: number[] = [];
  for await (const value of source) found.push(value);
  return found;
}

test('given sorted sources, then the whole is sorted', async () => {
  const sources = [of(1, 4, 9), of(), of(2, 3, 10, 11)];
  expect(await all(inOrder(sources, (a, b) => a - b))).toEqual([1, 2, 3, 4, 9, 10, 11]);
});

test('given an end before its time, then every source is told to end', async () => {
  const ended: number[] = [];
  const source = async function* (n: number): AsyncGenerator<number> {
    try {
      for (;;) yield n;
    } finally {
      ended.push(n);
    }
  };
  for await (const _ of inOrder([source(1), source(2)], (a, b) => a - b)) break;
  expect(ended.sort()).toEqual([1, 2]);
});

test('given sources of different speed, then none waits for another', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const slow = async function* (): AsyncGenerator<number> {
    await held;
    yield 1;
  };
  const found: number[] = [];
  for await (const value of asTheyCome([slow(), of(2, 3)])) {
    found.push(value);
    if (value === 3) release();
  }
  expect(found).toEqual([2, 3, 1]);
});
