import { judgeDurability, type Durability } from './judge-durability.js';

const codes = (durability: Partial<Durability>): string[] =>
  judgeDurability({ promised: 'fast', replicas: 1, sync: null, copies: [], ...durability }).map(
    ({ code }) => code,
  );

describe('what a deployment promises and has', () => {
  it('given no promise, then nothing is wanting', () => {
    expect(codes({ sync: 'interval' })).toEqual([]);
    expect(codes({ sync: null })).toEqual([]);
  });

  it('given a promise and a server that waits for its disk, then nothing is wanting', () => {
    expect(codes({ promised: 'safe', sync: 'always' })).toEqual([]);
  });

  it('given a promise, then a server that does not wait, or of which nothing is known, is named', () => {
    expect(codes({ promised: 'safe', sync: 'interval' })).toEqual(['disk_not_awaited']);
    expect(codes({ promised: 'safe', sync: null })).toEqual(['disk_wait_unknown']);
  });

  it('given fewer copies than asked for, then each such stream is named', () => {
    const copies = [
      { stream: 'A', replicas: 1 },
      { stream: 'B', replicas: 3 },
    ];
    const [found] = judgeDurability({ promised: 'fast', replicas: 3, sync: null, copies });
    expect(found).toMatchObject({ code: 'copies_missing', message: 'SPOOR_REPLICAS is 3, but A has 1.' });
  });
});
