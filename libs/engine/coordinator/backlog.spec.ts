import { Backlog } from './backlog.js';

const LONG_AFTER = 60_000;

/** A backlog with one batch of so many tasks of a pool. */
const holding = (tasks: number, pool = 'http'): Backlog => {
  const backlog = new Backlog();
  backlog.released(pool, 1, tasks, 0);
  return backlog;
};

describe('what lies in the queue without a worker', () => {
  it('leaves no room while more than half of what may lie there does', () => {
    const most = new Backlog().room(0);
    expect(holding(most / 2 + 1).room(0)).toBe(0);
    expect(holding(most / 2).room(0)).toBe(most / 2);
  });

  it('leaves room again once workers have taken it, and more where they took all of it', () => {
    const backlog = holding(100);
    const most = new Backlog().room(0);
    backlog.released('http', 2, 20, 0);
    expect(backlog.room(0)).toBe(0);
    backlog.taken('http', 1, 1);
    expect(backlog.room(1)).toBe(most - 20);
    backlog.taken('http', 2, 2);
    expect(backlog.room(2)).toBeGreaterThan(most);
    expect(backlog.names).toEqual([]);
  });

  it('is short again when workers take less than they did', () => {
    const backlog = holding(1);
    const most = new Backlog().room(0);
    for (let seq = 1; seq < 10; seq++) {
      backlog.released('http', seq, 1, 0);
      backlog.taken('http', seq, 0);
    }
    const fast = backlog.room(0);
    backlog.released('http', 10, fast, 0);
    for (let look = 0; look < 100; look++) backlog.taken('http', 9, 0);
    backlog.recount([], 0);
    expect([fast > most, backlog.room(0)]).toEqual([true, most]);
  });

  it('counts no pool that takes nothing, and counts it again when it does', () => {
    const backlog = holding(1000, 'browser');
    expect(backlog.room(0)).toBe(0);
    const room = backlog.room(LONG_AFTER);
    backlog.released('http', 2, 10, LONG_AFTER);
    expect([room > 0, backlog.room(LONG_AFTER)]).toEqual([true, room - 10]);
    backlog.released('browser', 3, 1000, LONG_AFTER);
    backlog.taken('browser', 1, LONG_AFTER);
    expect(backlog.room(LONG_AFTER)).toBe(0);
  });

  it('names the pools that something waits for', () => {
    const backlog = holding(1, 'browser');
    backlog.released('http', 2, 1, 0);
    expect(backlog.names.toSorted()).toEqual(['browser', 'http']);
    backlog.recount([], 0);
    expect(backlog.names).toEqual([]);
  });

  it('counts a pool that takes nothing no more because it was looked up: a look is no sign of a worker', () => {
    const backlog = holding(1000, 'browser');
    const now = LONG_AFTER;
    expect(backlog.room(now)).toBeGreaterThan(0);
    backlog.recount([{ pool: 'browser', seq: 1, tasks: 1000 }], now);
    expect(backlog.room(now)).toBeGreaterThan(0);
    expect([backlog.stalled(now), backlog.isClogged('browser', now)]).toEqual([1000, true]);
    backlog.taken('browser', 1, now);
    expect([backlog.stalled(now), backlog.isClogged('browser', now)]).toEqual([0, false]);
  });

  it('does not count what workers were given already, when it is found in the queue with them', () => {
    const backlog = holding(10);
    backlog.taken('http', 1, 1);
    backlog.recount([{ pool: 'http', seq: 1, tasks: 10 }], 2);
    expect(backlog.names).toEqual([]);
  });
});
