import { loadConfig } from '#libs/config';
import { untilProjected } from './until-projected.js';

const clock = () => {
  let time = 0;
  return {
    now: () => time,
    monotonic: () => time,
    sleep: async (ms: number) => void (time += ms),
    timer: () => () => undefined,
  };
};
const config = loadConfig({});
const wait = (position: () => Promise<number>, signal = new AbortController().signal): Promise<void> =>
  untilProjected(
    { config, clock: clock(), database: async () => ({ readModels: { position } }) },
    '0-aaaaaaaa',
    10,
    signal,
  );

describe('waiting for the read models', () => {
  test('ends when they tell the log up to the sequence', async () => {
    let seq = 7;
    await wait(async () => seq++);
    expect(seq).toBe(11);
  });

  test('bears a database that is away for a moment', async () => {
    let looks = 0;
    await wait(async () => (++looks < 3 ? Promise.reject(new Error('connection refused')) : 10));
    expect(looks).toBe(3);
  });

  test('gives up after a minute, and at once when it is told to end', async () => {
    await wait(async () => 0);
    let looks = 0;
    await wait(async () => looks++, AbortSignal.abort());
    expect(looks).toBe(1);
  });
});
