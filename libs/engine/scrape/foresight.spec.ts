import { Foresight } from './foresight.js';

const URL_A = 'https://a.test/';
const allowed = { allowed: true, limit: 2000, remaining: 1000, resetSeconds: 60 };
const refused = { allowed: false, limit: 200, remaining: 0, resetSeconds: 60 };

describe('what the last verdicts let expect of the next call', () => {
  const foresight = () => {
    const clock = { now: 5000 };
    return { clock, of: new Foresight(() => clock.now) };
  };

  it('given a key without a verdict, then nothing', () => {
    expect(foresight().of.willPass('k', URL_A)).toBe(false);
  });

  it('given one that leaves room, then that it passes, until the window ends', () => {
    const { clock, of } = foresight();
    of.note('k', URL_A, allowed);
    expect([of.willPass('k', 'https://b.test/'), of.willPass('other', URL_A)]).toEqual([true, false]);
    clock.now += 60_000;
    expect(of.willPass('k', URL_A)).toBe(false);
  });

  it('given little that is left, then nothing: others may have had it', () => {
    const { of } = foresight();
    of.note('k', URL_A, { ...allowed, remaining: 99 });
    expect(of.willPass('k', URL_A)).toBe(false);
  });

  it('given a refusal, then nothing for that URL until its window ends, whatever passes in between', () => {
    const { clock, of } = foresight();
    of.note('k', URL_A, refused);
    of.note('k', 'https://b.test/', allowed);
    expect([of.willPass('k', URL_A), of.willPass('k', 'https://b.test/')]).toEqual([false, true]);
    clock.now += 60_000;
    of.note('k', 'https://b.test/', allowed);
    expect(of.willPass('k', URL_A)).toBe(true);
  });

  it('given very many refusals, then the oldest are forgotten', () => {
    const { of } = foresight();
    for (let i = 0; i <= 10_000; i++) of.note('k', `https://a.test/${i}`, refused);
    of.note('k', 'https://b.test/', allowed);
    expect([of.willPass('k', 'https://a.test/0'), of.willPass('k', 'https://a.test/10000')]).toEqual([
      true,
      false,
    ]);
  });
});
