import { soon } from './log-patience.js';

describe('a page that asks the log', () => {
  it('given an answer in time, then it has it', async () => {
    expect(await soon(Promise.resolve(7))).toBe(7);
    await expect(soon(Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  it('given a log that hangs, then it says so', async () => {
    const never = new Promise<never>(() => undefined);
    await expect(soon(never, 1)).rejects.toMatchObject({
      code: 'store_unavailable',
      message: 'The event log does not answer.',
    });
  });
});
