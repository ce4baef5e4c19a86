import { connect } from '@nats-io/transport-node';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import pg from 'pg';
import { createTestDatabase, startTestNats, type TestNats } from './index.js';

describe('startTestNats', () => {
  let nats: TestNats;
  beforeAll(async () => {
    nats = await startTestNats();
  });
  afterAll(() => nats.stop());

  it('keeps what was acknowledged over kill -9, on the same port', async () => {
    const before = await connect({ servers: nats.url });
    await (await jetstreamManager(before)).streams.add({ name: 'S', subjects: ['s.>'] });
    await jetstream(before).publish('s.1', 'kept');
    const firstPid = nats.pid;

    await nats.kill9();
    await nats.restart();

    const after = await connect({ servers: nats.url });
    const message = await (await jetstreamManager(after)).streams.getMessage('S', { seq: 1 });
    expect(message?.string()).toBe('kept');
    expect(nats.pid).not.toBe(firstPid);
    await Promise.all([before.close(), after.close()]);
  });
});

describe('createTestDatabase', () => {
  it('gives each caller an empty database on one server', async () => {
    const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    const clients = [one, two].map(({ url }) => new pg.Client({ connectionString: url }));
    for (const client of clients) {
      await client.connect();
      await client.query('CREATE TABLE same_name (id int)');
    }
    expect(one.url).not.toBe(two.url);
    expect(new URL(one.url).port).toBe(new URL(two.url).port);
    await Promise.all(clients.map((client) => client.end()));
    await Promise.all([one.drop(), two.drop()]);
  });
});
