import { Client, credentials, status, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { protoPath } from 'grpc-health-check';
import { loadConfig, loadHiveConfig } from '#libs/config';
import { openHive, type HiveResources } from '#libs/hosting/hive';
import { freePort, testDir } from '#libs/testing';
import { startHive, type RunningHive } from './index.js';
import { GrpcCaller } from './test-support.js';

const KEY = 'a key of the test, not a secret';

describe('the port of the browser service', () => {
  let hive: HiveResources;
  let running: RunningHive;
  let caller: GrpcCaller;
  let address: string;

  beforeAll(async () => {
    const port = await freePort();
    address = `127.0.0.1:${port}`;
    const env = {
      ...{ SPOOR_HOME: testDir('hive'), SPOOR_LOG_LEVEL: 'silent', COORDINATOR_MODE: 'local' },
      ...{ SPOOR_HIVE_ROLES: 'coordinator', SPOOR_HIVE_PORT: String(port), SPOOR_HIVE_KEY: KEY },
    };
    hive = await openHive({ config: loadConfig(env), hive: loadHiveConfig(env) });
    running = await startHive(hive);
    caller = new GrpcCaller(address, 'coordinator.proto', 'scraper.coordinator.ScraperCoordinator');
  });
  afterAll(async () => {
    caller?.close();
    await running?.close(0);
    await hive?.close();
  });

  it.each([[undefined], ['another key'], ['']])('refuses a call with the key %p', async (key) => {
    const options = key === undefined ? {} : { key };
    const refused = { code: status.UNAUTHENTICATED };
    await expect(caller.call('GetClusterStats', {}, options)).rejects.toMatchObject(refused);
    await expect(caller.call('ScrapePage', {}, options)).rejects.toMatchObject(refused);
  });

  it('takes one with the key', async () => {
    expect(await caller.call('GetClusterStats', {}, { key: KEY })).toMatchObject({ activeJobs: 0 });
    expect(
      await caller.call('ScrapePage', { scopeName: 'default', url: 'http://a.test' }, { key: KEY }),
    ).toMatchObject({
      errorCode: 5001,
    });
  });

  it('tells its health to everybody, by the standard', async () => {
    const service = loadSync(protoPath)['grpc.health.v1.Health'] as ServiceDefinition;
    const { path, requestSerialize, responseDeserialize } = service['Check']!;
    const client = new Client(address, credentials.createInsecure());
    const answer = await new Promise((resolve, reject) =>
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service: '' }, (error, said) =>
        error ? reject(error) : resolve(said),
      ),
    );
    client.close();
    // SERVING
    expect(answer).toMatchObject({ status: 1 });
  });

  it('refuses too much metadata, answers a thousand calls at once, and goes on', async () => {
    await expect(caller.call('GetClusterStats', {}, { key: 'x'.repeat(64 * 1024) })).rejects.toMatchObject({
      code: expect.any(Number),
    });
    const calls = Array.from({ length: 1000 }, () =>
      caller.call('ScrapePage', { scopeName: 'default', url: 'http://a.test' }, { key: KEY }),
    );
    expect(new Set((await Promise.all(calls)).map(({ errorCode }) => errorCode))).toEqual(new Set([5001]));
    expect(await caller.call('GetClusterStats', {}, { key: KEY })).toMatchObject({ totalRequests: 1001 });
  });

  it('does not tell what it is made of', async () => {
    const client = new Client(address, credentials.createInsecure());
    const echo = (bytes: Buffer): Buffer => bytes;
    const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    const call = client.makeBidiStreamRequest<Buffer, Buffer>(path, echo, echo);
    const code = await new Promise((resolve) => {
      call.on('error', (error: Error & { code?: number }) => resolve(error.code));
      call.on('data', () => resolve('an answer'));
      call.write(Buffer.from('3a00', 'hex'));
    });
    call.cancel();
    client.close();
    expect([status.UNIMPLEMENTED, status.UNAUTHENTICATED]).toContain(code);
  });
});
