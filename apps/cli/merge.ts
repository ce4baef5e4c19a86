/** Sorted sources as one: whichever has the least next comes next. */
export async function* inOrder<T>(
  sources: readonly AsyncIterable<T>[],
  compare: (a: T, b: T) => number,
): AsyncGenerator<T, void, undefined> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  try {
    const heads = await Promise.all(iterators.map((one) => one.next()));
    for (;;) {
      let least = -1;
      for (const [i, head] of heads.entries())
        if (!head.done && (least === -1 || compare(head.value, heads[least]!.value as T) < 0)) least = i;
      const head = heads[least];
      if (!head || head.done) return;
      yield head.value;
      heads[least] = await iterators[least]!.next();
    }
  } finally {
    for (const one of iterators) await one.return?.();
  }
}

/** Sources as one, as they come, until all have ended. */
export async function* asTheyCome<T>(
  sources: readonly AsyncIterable<T>[],
): AsyncGenerator<T, void, undefined> {
  const next = async (iterator: AsyncIterator<T>) => ({ iterator, result: await iterator.next() });
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const waiting = new Map(iterators.map((iterator) => [iterator, next(iterator)]));
  while (waiting.size > 0) {
    const { iterator, result } = await Promise.race(waiting.values());
    if (result.done) waiting.delete(iterator);
    else {
      waiting.set(iterator, next(iterator));
      yield result.value;
    }
  }
}
