import { statSync } from 'node:fs';
import { join } from 'node:path';
import { testDir } from '#libs/testing';
import { installationSecret } from './installation-secret.js';

describe('the secret of an installation', () => {
  it('given no secret where others can reach us, then there is no start', () => {
    expect(() => installationSecret({ given: null, home: testDir('home'), mayGenerate: false })).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ field: 'SPOOR_KEY_SECRET' }) }),
    );
  });

  it('given none on loopback, then one is made that its owner alone can read, and stays', () => {
    const home = testDir('home');
    const [first, again] = [1, 2].map(() => installationSecret({ given: null, home, mayGenerate: true }));
    expect(again).toEqual(first);
    expect(String(first).length).toBeGreaterThanOrEqual(32);
    expect(statSync(join(home, 'secrets', 'key-secret')).mode & 0o777).toBe(0o600);
    expect(installationSecret({ given: null, home: testDir('home'), mayGenerate: true })).not.toEqual(first);
  });

  it('given one, then it is that', () => {
    const given = 's'.repeat(40);
    expect(installationSecret({ given, home: testDir('home'), mayGenerate: false })).toEqual(given);
  });
});
