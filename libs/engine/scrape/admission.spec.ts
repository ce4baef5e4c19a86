import type { ApiKey } from '#libs/accounts';
import type { Limit } from '../ports/index.js';
import { admitScrapes } from './admission.js';

const KEY = { keyId: 'k1', tier: 'basic' } as ApiKey;

describe('which limits a scrape is counted against', () => {
  const takenFor = async (urls: string[]): Promise<readonly Limit[]> => {
    let taken: readonly Limit[] = [];
    const verdict = { allowed: true, limit: 1, remaining: 0, resetSeconds: 1 };
    const take = async (limits: readonly Limit[]) => {
      taken = limits;
      return verdict;
    };
    await admitScrapes({ take }, KEY, urls, () => undefined);
    return taken;
  };

  it('given the same URLs in another order, then they are named in one order, so that two batches never wait for each other', async () => {
    const urls = ['https://b.test/', 'https://a.test/', 'https://c.test/', 'https://a.test/'];
    const taken = await takenFor(urls);
    expect(await takenFor(urls.toReversed())).toEqual(taken);
    expect(taken.map(({ calls }) => calls)).toEqual([2, 1, 1, 4]);
    expect(taken.at(-1)).toMatchObject({ of: 'key k1' });
  });
});
