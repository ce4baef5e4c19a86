import { fullest, isFull, judgeDisk, judgeLog } from './judge-room.js';

const stream = (used: number) => ({
  ...{ name: 'stream SPOOR_EVENTS_0', used, limit: 1000 },
  unit: 'messages' as const,
});

describe('room of the log', () => {
  it.each([
    [799, []],
    [800, ['log_nearly_full']],
    [949, ['log_nearly_full']],
    [950, ['log_full']],
    [1000, ['log_full']],
  ])('given %d of 1000, then %j', (used, expected) => {
    expect(judgeLog(0, [stream(used)], null).map(({ code }) => code)).toEqual(expected);
    expect(isFull(stream(used))).toBe(expected[0] === 'log_full');
  });

  it('names the command that raises a limit on messages', () => {
    expect(judgeLog(0, [stream(990)], null)[0]).toMatchObject({
      message: 'The stream SPOOR_EVENTS_0 of NATS is 99 % full: 990 messages of 1000 messages.',
      command: 'nats stream edit SPOOR_EVENTS_0 --max-msgs=2000',
    });
  });

  it('tells of a refusal once, and not for ever', () => {
    expect(judgeLog(0, [], 100).map(({ code }) => code)).toEqual(['log_full']);
    expect(judgeLog(0, [stream(990)], 100)).toHaveLength(1);
    expect(judgeLog(0, [], 60_000)).toEqual([]);
  });

  it('finds the limit that comes first', () => {
    expect(fullest([])).toBeNull();
    expect(fullest([stream(10), stream(30), stream(20)])).toMatchObject({ used: 30 });
  });
});

describe('room on the disk', () => {
  it.each([
    [null, []],
    [400, []],
    [399, ['disk_nearly_full']],
    [99, ['disk_full']],
  ])('given %s bytes free where 100 are needed, then %j', (free, expected) => {
    expect(judgeDisk(free, 100).map(({ code }) => code)).toEqual(expected);
  });
});
