import { getEventListeners } from 'node:events';
import { AddressGuard, admitsUrl, type Resolve } from './guard.js';

const URL_OF_A_NAME = 'https://name.example/';
const never: Resolve = () => new Promise(() => undefined);
const to =
  (address: string): Resolve =>
  async () => [{ address, family: 4 }];

const admits = (resolve: Resolve, signal: AbortSignal): Promise<boolean> =>
  admitsUrl(new AddressGuard([], resolve), URL_OF_A_NAME, signal);

describe('admitsUrl', () => {
  test.each([
    ['a public address', to('203.0.114.1'), true],
    ['an address of a private network', to('10.0.0.1'), false],
    ['nothing, as it does not exist', () => Promise.reject(new Error('ENOTFOUND')), true],
  ])(
    'given a name that resolves to %s, then it answers and listens no more',
    async (_, resolve, expected) => {
      const { signal } = new AbortController();
      await expect(admits(resolve, signal)).resolves.toBe(expected);
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    },
  );

  test('given a resolver that does not answer, when the signal fires, then the fetch has its say', async () => {
    const ending = new AbortController();
    const answer = admits(never, ending.signal);
    ending.abort();
    await expect(answer).resolves.toBe(true);
    expect(getEventListeners(ending.signal, 'abort')).toEqual([]);
  });

  test('given a signal that has fired, then nothing is waited for', async () => {
    await expect(admits(never, AbortSignal.abort())).resolves.toBe(true);
  });
});
