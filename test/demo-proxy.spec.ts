import { Home } from './support/spoor.js';

describe('npm run demo:proxy', () => {
  const home = new Home();
  afterAll(() => home.end());

  test('its proof holds, and it leaves nothing in the home of the caller', async () => {
    const { code, stdout, stderr } = await home.run(['demo', 'proxy']);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toBe('');
    expect(stderr).not.toContain('EXPECTED');
    for (const fact of [
      /status after the failure +error/,
      /page that failed.* 150$/m,
      /events that the refused resume left +0/,
      /pages fetched before the failure +149/,
      /pages fetched after the resume +251/,
      /fetched twice +0/,
      /lost +0/,
    ])
      expect(stderr).toMatch(fact);
    expect(stderr).not.toMatch(/the-(old|new)-password/);
    expect(home.serverPid('nats')).toBeNull();
  }, 120_000);
});
