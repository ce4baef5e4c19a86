import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpoorError } from '#libs/failures';
import { loadHiveConfig } from './hive-config.js';

const failure = (env: NodeJS.ProcessEnv): SpoorError => {
  try {
    loadHiveConfig(env, tmpdir());
  } catch (error) {
    if (error instanceof SpoorError) return error;
    throw error;
  }
  throw new Error('the environment was taken');
};

describe('loadHiveConfig', () => {
  it('needs nothing, and then has one scope', () => {
    const config = loadHiveConfig({}, '/srv/app');
    expect(config).toMatchObject({
      roles: ['coordinator', 'worker'],
      host: '127.0.0.1',
      port: 50_051,
      key: null,
    });
    expect(Object.keys(config.scopes)).toEqual(['default']);
    expect(config.scopes['default']).toMatchObject({
      session: { mode: 'reusable', ttlSeconds: 1800, idleSeconds: 300, maxRequests: 10_000, maxCacheMb: 500 },
      wait: { strategy: 'network_idle', timeoutMs: 40_000 },
      limits: { navigationMs: 20_000, contentMs: 20_000 },
    });
  });

  it('takes the names of other deployments', () => {
    const config = loadHiveConfig({
      ...{ WORKER_SCOPE_NAME: 'shop', WORKER_MAX_CONTEXTS: '9', WORKER_SESSION_MODE: 'ALWAYS_NEW' },
      ...{ WORKER_GRPC_PORT: '6000', POD_NAME: 'pod-1', POD_IP: '10.0.0.9', WORKER_HEADLESS: 'true' },
      ...{ PROXY_TYPE: 'generic', PROXY_ADDRESS: 'proxy.test', PROXY_PORT: '3128' },
      ...{ PROXY_USERNAME: 'me', PROXY_PASSWORD: 'p@ss' },
    });
    expect(config).toMatchObject({ workerPort: 6000, workerId: 'pod-1', advertise: '10.0.0.9' });
    expect(config.proxyUrl).toBe('http://me:p%40ss@proxy.test:3128');
    expect(config.scopes['shop']).toMatchObject({
      contexts: { max: 9 },
      session: { mode: 'always_new' },
      proxy: { url: { env: 'PROXY_URL' } },
    });
    expect(JSON.stringify(config.scopes)).not.toContain('p%40ss');
  });

  it('reads scopes from a file, and names the field that is wrong', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'spoor-scopes-')), 'scopes.json');
    writeFileSync(file, '{"scopes": {"a": {}, "b": {"contexts": {"max": 2}}}}');
    expect(Object.keys(loadHiveConfig({ SPOOR_HIVE_SCOPES: file }).scopes)).toEqual(['a', 'b']);
    writeFileSync(file, '{"scopes": {"a": {"contexts": {"min": 5, "max": 2}}}}');
    expect(failure({ SPOOR_HIVE_SCOPES: file })).toMatchObject({
      details: { field: 'scopes.a.contexts.min' },
    });
    writeFileSync(file, '{');
    expect(failure({ SPOOR_HIVE_SCOPES: file })).toMatchObject({ details: { field: 'SPOOR_HIVE_SCOPES' } });
  });

  it.each([
    ['SPOOR_HIVE_ROLES', 'queen'],
    ['SPOOR_HIVE_PORT', '0'],
    ['WORKER_GRPC_PORT', 'x'],
    ['SPOOR_HIVE_KEY', 'hunter2'],
    ['SPOOR_CHROMIUM_SANDBOX', 'never'],
    ['PROXY_TYPE', 'socks'],
  ])('refuses %s=%s by name, without its value', (name, value) => {
    const error = failure({ [name]: value });
    expect(error).toMatchObject({ code: 'invalid_request', details: { field: name } });
    expect(`${error.message} ${error.hint}`).not.toContain('hunter2');
  });

  it('listens beyond loopback only with a key, or the word that none is wanted', () => {
    expect(failure({ SPOOR_HIVE_HOST: '0.0.0.0' })).toMatchObject({ details: { field: 'SPOOR_HIVE_KEY' } });
    expect(loadHiveConfig({ SPOOR_HIVE_HOST: '0.0.0.0', SPOOR_HIVE_KEY: 'none' }).key).toBeNull();
  });
});
