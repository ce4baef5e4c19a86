import { connect as connectSocket, createServer, type Server } from 'node:net';
import { freePort, startTestNats, until, type TestNats } from '#libs/testing';
import { connect } from '@nats-io/transport-node';
import { SpoorError } from '#libs/failures';
import { subjects } from '#libs/events';
import { connectLog } from './index.js';
import { fetched } from './spec-events.js';

const attempt = (url: string): Promise<unknown> =>
  connectLog({ url, shards: 1, name: 'connect-spec', connectTimeoutMs: 1500 }).then(
    (log) => log.close(),
    (error: unknown) => error,
  );

/** Just enough of a server to be greeted and refused. */
async function pretender(info: object, afterConnect: string): Promise<{ server: Server; url: string }> {
  const server = createServer((socket) => {
    socket.write(`INFO ${JSON.stringify({ max_payload: 1_048_576, headers: true, ...info })}\r\n`);
    socket.on('data', (data) => {
      if (data.includes('CONNECT')) socket.write(afterConnect);
    });
    socket.on('error', () => {});
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { server, url: `nats://someone:s3cret-canary@127.0.0.1:${port}` };
}

describe('connecting to the log', () => {
  let nats: TestNats;
  const servers: Server[] = [];

  beforeAll(async () => {
    nats = await startTestNats();
  });
  afterAll(async () => {
    await nats.stop();
    for (const server of servers) server.close();
  });

  it('says in one line when nothing answers', async () => {
    const error = await attempt(`nats://me:s3cret-canary@127.0.0.1:${await freePort()}`);
    expect(error).toBeInstanceOf(SpoorError);
    expect(error).toMatchObject({ code: 'store_unavailable', message: 'NATS cannot be reached' });
    expect(String(error)).not.toMatch(/canary|127\.0\.0/);
  });

  it('tells refused credentials from an unreachable server', async () => {
    const { server, url } = await pretender({ version: '2.12.0' }, "-ERR 'Authorization Violation'\r\n");
    servers.push(server);
    expect(await attempt(url)).toMatchObject({
      code: 'store_unavailable',
      message: 'NATS refused the credentials',
    });
  });

  it('goes on when its credentials came too late for the server', async () => {
    const { port } = new URL(nats.url);
    let connections = 0;
    const server = createServer((socket) => {
      socket.on('error', () => {});
      if (connections++ > 0) {
        const onward = connectSocket(Number(port), '127.0.0.1');
        onward.on('error', () => {});
        socket.pipe(onward).pipe(socket);
        return;
      }
      socket.write(
        `INFO ${JSON.stringify({ version: '2.12.0', max_payload: 1_048_576, headers: true })}\r\n`,
      );
      socket.once('data', () => socket.end("-ERR 'Authentication Timeout'\r\n"));
    });
    servers.push(server);
    const late = await freePort();
    await new Promise<void>((resolve) => server.listen(late, '127.0.0.1', resolve));
    const url = new URL(nats.url);
    url.port = String(late);
    const log = await connectLog({
      url: url.href,
      shards: 1,
      name: 'connect-spec',
      connectTimeoutMs: 10_000,
    });
    expect(connections).toBe(2);
    await log.close();
  });

  it('refuses a server that is too old, naming what it found and what it needs', async () => {
    const { server, url } = await pretender({ version: '2.9.10' }, 'PONG\r\n');
    servers.push(server);
    expect(await attempt(url)).toMatchObject({
      message: 'nats-server 2.9.10 is too old: 2.10 or later is needed',
    });
  });

  it('says when there is no JetStream', async () => {
    const { server, url } = await pretender({ version: '2.12.0' }, 'PONG\r\n');
    servers.push(server);
    expect(await attempt(url)).toMatchObject({ message: 'this NATS server has no JetStream' });
  });

  it('makes its streams, and finds them again', async () => {
    for (let i = 0; i < 2; i += 1) {
      const log = await connectLog({ url: nats.url, shards: 2, name: 'connect-spec' });
      expect(await log.eventLog.head(1)).toMatchObject({ lastSeq: 0, maxBytes: null });
      await log.close();
    }
  });

  it.each([
    ['retention', { retention: 'interest' }],
    ['discard', { discard: 'old' }],
    ['storage', { storage: 'memory' }],
    ['max_age', { max_age: 60e9 }],
    ['duplicate_window', { duplicate_window: 1e9 }],
  ])('refuses a stream of the same name with another %s', async (setting, change) => {
    const nc = await connect({ servers: nats.url });
    const name = subjects.eventStream(7);
    const config = { name, subjects: [subjects.allEvents(7)], storage: 'file', discard: 'new', ...change };
    await nc.request(`$JS.API.STREAM.CREATE.${name}`, JSON.stringify(config));
    const error = await connectLog({ url: nats.url, shards: 8, name: 'connect-spec' }).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(`stream ${name} has ${setting} `),
    });
    await nc.request(`$JS.API.STREAM.DELETE.${name}`);
    await nc.close();
  });

  it('leaves a limit that the operator set alone, and reports a full log as full', async () => {
    const log = await connectLog({ url: nats.url, shards: 1, name: 'connect-spec' });
    const name = subjects.eventStream(0);
    const { config } = (await log.nc.request(`$JS.API.STREAM.INFO.${name}`)).json<{ config: object }>();
    await log.nc.request(`$JS.API.STREAM.UPDATE.${name}`, JSON.stringify({ ...config, max_bytes: 20_000 }));
    const again = await connectLog({ url: nats.url, shards: 1, name: 'connect-spec' });
    expect((await again.eventLog.head(0)).maxBytes).toBe(20_000);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, (_, i) => again.eventLog.publishPage(fetched('0-full00000', i))),
    );
    const stored = outcomes.filter((o) => o.status === 'fulfilled').length;
    expect(stored).toBe((await again.eventLog.head(0)).lastSeq);
    const refused = outcomes.filter((o) => o.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'log_full' });
    await log.nc.request(`$JS.API.STREAM.DELETE.${name}`);
    await log.close();
    await again.close();
  });

  it('sends what is under way before it closes', async () => {
    const log = await connectLog({ url: nats.url, shards: 1, name: 'connect-spec' });
    const published = Promise.all([1, 2, 3].map((n) => log.eventLog.publishPage(fetched('0-closing00', n))));
    await log.close();
    await expect(published).resolves.toHaveLength(3);
    await expect(log.eventLog.head(0)).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('holds a lease for one holder until it is released', async () => {
    const log = await connectLog({ url: nats.url, shards: 1, name: 'lease-spec' });
    const { lease } = log;
    expect(await lease.holder('coordinator.0')).toBeNull();
    expect(await lease.hold('coordinator.0', 'a')).toBe(true);
    expect(await lease.hold('coordinator.0', 'b')).toBe(false);
    expect(await lease.hold('coordinator.0', 'a')).toBe(true);
    expect(await lease.holder('coordinator.0')).toBe('a');
    await lease.release('coordinator.0', 'b');
    expect(await lease.holder('coordinator.0')).toBe('a');
    await lease.release('coordinator.0', 'a');
    expect(await lease.hold('coordinator.0', 'b')).toBe(true);
    const racers = await Promise.all(['c', 'd', 'e'].map((holder) => lease.hold('other.0', holder)));
    expect(racers.filter(Boolean)).toHaveLength(1);
    await log.close();
  });

  it('shows progress to those who watch', async () => {
    const log = await connectLog({ url: nats.url, shards: 1, name: 'progress-spec' });
    const counts = { discovered: 1, fetched: 1, failed: 0, skipped: 0, queued: 0, inFlight: 0, waiting: 0 };
    const progress = { jobId: '0-progress0', status: 'running', run: 1, seq: 5, ...counts };
    const ended = new AbortController();
    const seen: unknown[] = [];
    const watching = (async () => {
      for await (const p of log.progress.watch('0-progress0', ended.signal)) seen.push(p);
    })();
    await log.nc.flush();
    log.progress.publish({ ...progress, jobId: '0-another00' });
    log.progress.publish(progress);
    await until(() => seen.length > 0);
    ended.abort();
    await watching;
    expect(seen).toEqual([progress]);
    await log.close();
  });
});
