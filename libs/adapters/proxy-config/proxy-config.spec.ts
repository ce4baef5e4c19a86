import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProxyChoice, ProxyEndpoint } from '#libs/engine/ports';
import { resolvedJobSpec } from '#libs/events';
import { createProxyResolver } from './index.js';
import { oxylabsUser } from './oxylabs.js';

const choice: ProxyChoice = { session: '0-job.1', host: 'site.test:80', request: 0, failures: 0 };
const dir = mkdtempSync(join(tmpdir(), 'spoor-proxies-'));
afterAll(() => rmSync(dir, { recursive: true }));

const resolve = (
  proxy: object,
  env: NodeJS.ProcessEnv = {},
  over: Partial<ProxyChoice> = {},
): ProxyEndpoint =>
  createProxyResolver({ env, cwd: dir, home: dir }).resolve(resolvedJobSpec.parse({ proxy }).proxy!, {
    ...choice,
    ...over,
  });
const refusal = (make: () => unknown): string => {
  try {
    make();
  } catch (error) {
    expect(error).toMatchObject({ code: 'proxy_not_configured' });
    return (error as Error).message;
  }
  throw new Error('it was taken');
};

const OXYLABS = { OXYLABS_USERNAME: 'me', OXYLABS_PASSWORD: 'p@ss:word' };
const oxylabs = (env: NodeJS.ProcessEnv = {}, spec: object = {}, over: Partial<ProxyChoice> = {}): URL =>
  new URL(resolve({ provider: 'oxylabs', ...spec }, { ...OXYLABS, ...env }, over).url);

describe('oxylabs', () => {
  it.each([
    ['me', undefined, null, 'customer-me'],
    ['customer-me', 'de', null, 'customer-me-cc-DE'],
    ['me', 'DE', 'abc12', 'customer-me-cc-DE-sessid-abc12-sesstime-10'],
  ])('user name of %s, %s, %s is %4$s', (user, country, session, name) => {
    expect(oxylabsUser(user, country, session)).toBe(name);
  });

  it.each([
    [{}, 'pr.oxylabs.io:7777'],
    [{ OXYLABS_PROXY_TYPE: 'isp' }, 'isp.oxylabs.io:8000'],
    [{ OXYLABS_PROXY_TYPE: 'datacenter', OXYLABS_PORT: '8003' }, 'dc.oxylabs.io:8003'],
    [{ OXYLABS_HOST: '127.0.0.1', OXYLABS_PORT: '9999' }, '127.0.0.1:9999'],
  ])('%j leads to %s', (env, host) => {
    expect(oxylabs(env).host).toBe(host);
    expect(decodeURIComponent(oxylabs(env).password)).toBe('p@ss:word');
  });

  it('goes round its ports when rotating, and stays at one in a session until it fails', () => {
    const env = { OXYLABS_PORTS: '8001, 8002,8003' };
    const ports = (spec: object, overs: Partial<ProxyChoice>[]) =>
      overs.map((o) => oxylabs(env, spec, o).port);
    const requests = [{ request: 0 }, { request: 1 }, { request: 2 }, { request: 3 }];
    expect(ports({}, requests)).toEqual(['8001', '8002', '8003', '8001']);
    expect(new Set(ports({ session: 'sticky' }, requests)).size).toBe(1);
    expect(new Set(ports({ session: 'sticky' }, [{ failures: 0 }, { failures: 1 }])).size).toBe(2);
  });

  it('names a session in the user name: one per job, or one per host, another after a failure', () => {
    const name = (spec: object, over: Partial<ProxyChoice>) => oxylabs({}, spec, over).username;
    expect(name({}, {})).toBe('customer-me');
    expect(name({ session: 'sticky' }, { host: 'a' })).toBe(name({ session: 'sticky' }, { host: 'b' }));
    expect(name({ session: 'per-host' }, { host: 'a' })).not.toBe(
      name({ session: 'per-host' }, { host: 'b' }),
    );
    expect(name({ session: 'sticky' }, { failures: 1 })).not.toBe(name({ session: 'sticky' }, {}));
    expect(oxylabs({ OXYLABS_SESSION_TYPE: 'sticky' }).username).toContain('-sessid-');
  });

  it('says the country in the user name, or in a header', () => {
    expect(oxylabs({ OXYLABS_COUNTRY: 'de' }).username).toBe('customer-me-cc-DE');
    expect(oxylabs({ OXYLABS_COUNTRY: 'de' }, { country: 'SE' }).username).toBe('customer-me-cc-SE');
    const env = { ...OXYLABS, OXYLABS_COUNTRY: 'de', OXYLABS_COUNTRY_IN_USERNAME: 'false' };
    const { headers, url } = resolve({ provider: 'oxylabs' }, env);
    expect(headers).toEqual({ 'X-Oxylabs-Country': 'DE' });
    expect(url).not.toContain('-cc-');
  });

  it.each([
    [{ OXYLABS_USERNAME: '' }, 'OXYLABS_USERNAME'],
    [{ OXYLABS_PASSWORD: '' }, 'OXYLABS_PASSWORD'],
    [{ OXYLABS_PORT: 'hunter2' }, 'OXYLABS_PORT'],
    [{ OXYLABS_PROXY_TYPE: 'hunter2' }, 'OXYLABS_PROXY_TYPE'],
    [{ OXYLABS_ENABLED: 'false' }, 'OXYLABS_ENABLED'],
  ])('%j is refused by its name, without its value', (env, name) => {
    const message = refusal(() => oxylabs(env));
    expect(message).toContain(name);
    expect(message).not.toContain('hunter2');
  });
});

describe('generic', () => {
  it('takes a URL by reference, whose address is not checked, or plainly, whose address is', () => {
    const P = 'http://u:p@proxy.test:8000';
    expect(resolve({ url: { env: 'P' } }, { P })).toMatchObject({ url: P, trusted: true, tunnelKey: null });
    expect(resolve({ url: 'http://proxy.test:8000' })).toMatchObject({ trusted: false });
  });

  it('goes round a pool and its ports', () => {
    const spec = { pool: ['http://a.test', 'http://b.test'], ports: [1, 2] };
    const hosts = [0, 1, 2, 3, 4].map((request) => new URL(resolve(spec, {}, { request }).url).host);
    expect(hosts).toEqual(['a.test:1', 'b.test:1', 'a.test:2', 'b.test:2', 'a.test:1']);
  });

  it('puts session and country where the URL asks for them', () => {
    const P = 'http://u-{country}-{session}:p@proxy.test:1';
    const { url, tunnelKey } = resolve({ url: { env: 'P' }, session: 'sticky', country: 'DE' }, { P });
    expect(url).toMatch(/^http:\/\/u-DE-[0-9a-f]{10}:p@proxy\.test:1$/);
    expect(tunnelKey).not.toBeNull();
  });

  it.each([
    [{ url: { env: 'P' } }, {}, 'P is not set'],
    [{ url: { env: 'P' } }, { P: 'hunter2' }, 'P must be'],
    [{ url: { env: 'P' } }, { P: 'socks5://u:hunter2@h' }, 'P must be'],
    [{ url: { secret: 'main' } }, {}, 'main is not set'],
  ])('%j with %j: %s', (spec, env, said) => {
    const message = refusal(() => resolve(spec, env));
    expect(message).toContain(said);
    expect(message).not.toContain('hunter2');
  });
});

describe('settings', () => {
  it('reads .env files again: .env.local wins, then the environment, then .env', () => {
    const resolver = createProxyResolver({ env: { B: 'http://env.test' }, cwd: dir, home: dir });
    const at = (name: string): string =>
      resolver.resolve(resolvedJobSpec.parse({ proxy: { url: { env: name } } }).proxy!, choice).url;
    expect(() => at('A')).toThrow('A is not set');
    writeFileSync(join(dir, '.env'), 'A=http://shared.test\nB=http://shared.test\n');
    expect([at('A'), at('B')]).toEqual(['http://shared.test', 'http://env.test']);
    writeFileSync(join(dir, '.env.local'), 'B="http://local.test"\n');
    expect([at('A'), at('B')]).toEqual(['http://shared.test', 'http://local.test']);
    rmSync(join(dir, '.env.local'));
    expect(at('B')).toBe('http://env.test');
  });

  it('takes secrets from a file that nobody else may read', () => {
    const file = join(dir, 'secrets.json');
    writeFileSync(file, JSON.stringify({ main: 'http://u:hunter2@proxy.test' }), { mode: 0o600 });
    expect(resolve({ url: { secret: 'main' } }).url).toBe('http://u:hunter2@proxy.test');
    expect(resolve({ url: { secret: 'main' } }, { SPOOR_SECRETS: file }).url).toContain('hunter2');
    chmodSync(file, 0o644);
    expect(refusal(() => resolve({ url: { secret: 'main' } }))).toContain('chmod 600');
    chmodSync(file, 0o600);
    writeFileSync(file, '{"main": "hunter2');
    expect(refusal(() => resolve({ url: { secret: 'main' } }))).not.toContain('hunter2');
  });
});
