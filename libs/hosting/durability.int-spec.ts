import { loadConfig } from '#libs/config';
import { startTestNats, testDir } from '#libs/testing';
import { durabilityFindings } from './durability.js';
import { openResources } from './open-resources.js';
import type { Resources } from './resources.js';

describe('what a deployment promises, held against the servers it has', () => {
  const opened: Resources[] = [];
  const open = async (env: NodeJS.ProcessEnv): Promise<Resources> => {
    const config = loadConfig({ SPOOR_NATS_PORT: '0', SPOOR_LOG_LEVEL: 'silent', ...env });
    const resources = await openResources(config, { name: 'durability-spec', only: 'log' });
    opened.push(resources);
    return resources;
  };
  const codes = async (resources: Resources): Promise<string[]> =>
    (await durabilityFindings(resources)).map(({ code }) => code);
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.close();
  });

  it('an embedded server that is started for it waits for its disk', async () => {
    const resources = await open({ SPOOR_HOME: testDir('home'), SPOOR_DURABILITY: 'safe' });
    expect(resources.natsSync).toBe('always');
    expect(await codes(resources)).toEqual([]);
  });

  it('one that ran already, started by somebody who promised less, does not, and that is said', async () => {
    const SPOOR_HOME = testDir('home');
    await open({ SPOOR_HOME });
    const promising = await open({ SPOOR_HOME, SPOOR_DURABILITY: 'safe' });
    expect(promising.natsSync).toBe('interval');
    expect(await codes(promising)).toEqual(['disk_not_awaited']);
  });

  it('of a server of the operator’s own it knows the copies, and the rest by their word', async () => {
    const nats = await startTestNats();
    const env = { NATS_URL: nats.url, SPOOR_HOME: testDir('home'), SPOOR_DURABILITY: 'safe' };
    expect(await codes(await open(env))).toEqual(['disk_wait_unknown']);
    expect(await codes(await open({ ...env, SPOOR_NATS_SYNC: '120s' }))).toEqual(['disk_not_awaited']);
    expect(await codes(await open({ ...env, SPOOR_NATS_SYNC: 'always' }))).toEqual([]);
    expect(await codes(await open({ ...env, SPOOR_NATS_SYNC: 'always', SPOOR_REPLICAS: '3' }))).toEqual([
      'copies_missing',
    ]);
    for (const one of opened.splice(0).reverse()) await one.close();
    await nats.stop();
  });
});
