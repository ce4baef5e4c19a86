import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { findNatsServer } from '#libs/adapters/servers';
import { runDir, testDir } from '#libs/testing';

const PASSWORDS = { SPOOR_NATS_PASSWORD: 'p1', SPOOR_POSTGRES_PASSWORD: 'p2', SPOOR_KEY_SECRET: 'p3' };

/** What `docker-compose config` makes of the file; null where it is not installed. */
function compose(env: NodeJS.ProcessEnv): string | null {
  const { error, status, stdout, stderr } = spawnSync('docker-compose', ['config'], {
    env: { PATH: process.env['PATH'], HOME: testDir('home'), ...PASSWORDS, ...env },
    encoding: 'utf8',
  });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return null;
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

const countOf = (text: string, line: RegExp): number => text.match(line)?.length ?? 0;

describe('docker-compose.yml', () => {
  it.each([
    ['fast', {}, '120s'],
    ['safe', { SPOOR_DURABILITY: 'safe' }, 'always'],
  ])('%s: the engine is told what the servers do', (durability, env, sync) => {
    const config = compose(env);
    if (config === null) return console.log('skipped: docker-compose is not installed');
    // Four apps and four NATS servers.
    expect(countOf(config, new RegExp(`SPOOR_DURABILITY: ${durability}$`, 'gm'))).toBe(8);
    expect(countOf(config, new RegExp(`SPOOR_NATS_SYNC: ${sync}$`, 'gm'))).toBe(8);
  });

  it.each(['fast', 'safe'])('its NATS servers take their configuration: %s', async (durability) => {
    const program = await findNatsServer(runDir());
    const lines = readFileSync(`deploy/durability/${durability}.env`, 'utf8').split('\n');
    const env = Object.fromEntries(lines.filter((line) => line.includes('=')).map((line) => line.split('=')));
    for (const file of ['single', 'cluster']) {
      const { status, stderr } = spawnSync(program, ['-t', '-c', `deploy/nats/${file}.conf`], {
        env: { ...(env as NodeJS.ProcessEnv), SPOOR_NATS_NAME: 'n', ...PASSWORDS },
        encoding: 'utf8',
      });
      expect([status, stderr]).toEqual([0, expect.stringContaining('is valid')]);
    }
  });
});
