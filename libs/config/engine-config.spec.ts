import { SpoorError } from '#libs/failures';
import { loadConfig } from './engine-config.js';

const failure = (env: NodeJS.ProcessEnv): SpoorError => {
  try {
    loadConfig(env, '/srv/app');
  } catch (error) {
    if (error instanceof SpoorError) return error;
    throw error;
  }
  throw new Error('the environment was taken');
};

describe('loadConfig', () => {
  it('needs nothing', () => {
    expect(loadConfig({}, '/srv/app')).toEqual({
      home: '/srv/app/.spoor',
      hive: null,
      natsUrl: null,
      databaseUrl: null,
      shards: 1,
      durability: 'fast',
      replicas: 1,
      natsSync: null,
      retentionDays: null,
      host: '127.0.0.1',
      port: 8080,
      metricsPort: null,
      metricsHost: '127.0.0.1',
      allowPrivate: [],
      workerSlots: 32,
      workerPools: ['http'],
      logLevel: 'info',
      logTimeoutMs: 60_000,
      leaseMs: 5_000,
      keySecret: null,
      scrape: { robots: 'ignore', proxied: false, fallback: true },
      node: { id: null, region: null },
      payment: null,
      trustedProxies: [],
    });
  });

  it('takes what is given, and an empty variable as not set', () => {
    const config = loadConfig(
      {
        SPOOR_HOME: '/data',
        NATS_URL: '',
        SPOOR_PORT: '0',
        SPOOR_ALLOW_PRIVATE: 'localhost:8080, 10.0.0.1,[::1]:80',
      },
      '/srv/app',
    );
    expect(config).toMatchObject({ home: '/data', natsUrl: null, port: 0 });
    expect(config.allowPrivate).toEqual(['localhost:8080', '10.0.0.1', '[::1]:80']);
  });

  it.each([
    ['NATS_URL', 'http://user:hunter2@host'],
    ['DATABASE_URL', 'hunter2'],
    ['SPOOR_SHARDS', '0'],
    ['SPOOR_PORT', '65536'],
    ['SPOOR_PORT', '80a'],
    ['SPOOR_WORKER_SLOTS', '-1'],
    ['SPOOR_LOG_LEVEL', 'hunter2'],
    ['SPOOR_KEY_SECRET', 'hunter2'],
    ['SPOOR_SCRAPE_PROXY_URL', 'socks://user:hunter2@host'],
    ['SPOOR_ALLOW_PRIVATE', 'http://hunter2/'],
  ])('refuses %s=%s by name, without its value', (name, value) => {
    const error = failure({ [name]: value });
    expect(error).toMatchObject({ code: 'invalid_request', details: { field: name } });
    expect(error.message).toContain(name);
    expect(`${error.message} ${error.hint}`).not.toContain(value);
    expect(`${error.message} ${error.hint}`).not.toContain('hunter2');
  });
});
