import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { loadConfig } from '#libs/config';
import { openResources, type Resources } from '#libs/hosting';
import { createTestDatabase, startTestNats, type TestDatabase, type TestNats } from '#libs/testing';
import { startApi } from './index.js';

const PATIENCE = 60_000;
let nats: TestNats;
let store: TestDatabase;
beforeAll(
  async () => void ([nats, store] = await Promise.all([startTestNats(), createTestDatabase()])),
  PATIENCE,
);
afterAll(() => Promise.all([nats.stop(), store.drop()]), PATIENCE);

const resourcesOn = (port: number): Promise<Resources> =>
  openResources(
    loadConfig({
      NATS_URL: nats.url,
      DATABASE_URL: store.url,
      SPOOR_PORT: String(port),
      SPOOR_LOG_LEVEL: 'silent',
    }),
    { name: 'api' },
  );

test(
  'given the resources of a host, then the api answers until it is closed',
  async () => {
    const resources = await resourcesOn(0);
    try {
      const api = await startApi(resources);
      const ready = await fetch(`${api.url}/health/ready`);
      expect([ready.status, await ready.json()]).toMatchObject([
        200,
        { status: 'ok', shards: [{ shard: 0, lag: 0 }] },
      ]);
      await api.close();
      await expect(fetch(`${api.url}/health/live`)).rejects.toThrow();
    } finally {
      await resources.close();
    }
  },
  PATIENCE,
);

test(
  'given a port that is taken, then one clear line names the setting',
  async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const resources = await resourcesOn((other.address() as AddressInfo).port);
    try {
      await expect(startApi(resources)).rejects.toMatchObject({
        code: 'invalid_request',
        details: { field: 'SPOOR_PORT' },
        message: expect.stringMatching(
          /^The api cannot listen on 127\.0\.0\.1:\d+: it is taken by another program\.$/,
        ),
      });
    } finally {
      await resources.close();
      other.close();
    }
  },
  PATIENCE,
);
