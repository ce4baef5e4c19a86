import { BodyBudget, type Share } from './body-budget.js';

const never = new AbortController().signal;

describe('BodyBudget', () => {
  const given: string[] = [];
  beforeEach(() => given.splice(0));
  const ask = (budget: BodyBudget, name: string, bytes: number, signal = never): Promise<Share> => {
    const share = budget.reserve(bytes, signal);
    share.then(
      () => given.push(name),
      () => given.push(`${name} gave up`),
    );
    return share;
  };
  const settle = (): Promise<void> => new Promise(setImmediate);

  it('gives in the order of asking, and never more than there is', async () => {
    const budget = new BodyBudget(10);
    const a = await ask(budget, 'a', 6);
    void ask(budget, 'b', 6);
    void ask(budget, 'c', 1);
    await settle();
    expect(given).toEqual(['a']);
    a.shrink(4);
    await settle();
    expect(given).toEqual(['a', 'b']);
    a.release();
    a.release();
    void ask(budget, 'd', 4);
    await settle();
    expect(given).toEqual(['a', 'b', 'c']);
  });

  it('gives everything to one who may need more than there is', async () => {
    const budget = new BodyBudget(10);
    const small = await ask(budget, 'small', 1);
    const huge = ask(budget, 'huge', 1000);
    await settle();
    expect(given).toEqual(['small']);
    small.release();
    (await huge).release();
    await ask(budget, 'next', 10);
    expect(given).toEqual(['small', 'huge', 'next']);
  });

  it('lets those behind one who gives up go on', async () => {
    const budget = new BodyBudget(10);
    await ask(budget, 'a', 6);
    const patience = new AbortController();
    void ask(budget, 'b', 6, patience.signal).catch(() => undefined);
    void ask(budget, 'c', 4);
    await settle();
    patience.abort(new Error('enough'));
    await settle();
    expect(given.toSorted()).toEqual(['a', 'b gave up', 'c']);
    await expect(budget.reserve(1, patience.signal)).rejects.toThrow('enough');
  });
});
