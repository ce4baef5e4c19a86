import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import pg from 'pg';
import { noteProcess, testDir, until } from '#libs/testing';
import {
  acquireServers,
  isRunning,
  processIdentity,
  type AcquiredServers,
  type ProcessRef,
} from './index.js';

interface State {
  nats: ProcessRef & { port: number };
  postgres: ProcessRef & { port: number };
}

const stateOf = (home: string): State => {
  const state = JSON.parse(readFileSync(join(home, 'run/servers.json'), 'utf8')) as State;
  for (const server of Object.values(state)) noteProcess(server as ProcessRef);
  return state;
};

const nats = (url: string) => {
  const { host, username: user, password: pass } = new URL(url);
  return connect({ servers: host, user, pass });
};

async function query<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('acquireServers', () => {
  const open: AcquiredServers[] = [];
  const acquire = async (home: string, options = {}): Promise<AcquiredServers> => {
    const servers = await acquireServers(home, options);
    open.push(servers);
    stateOf(home);
    return servers;
  };
  afterEach(async () => {
    await Promise.all(open.splice(0).map((servers) => servers.release()));
  });

  it('shares one pair of servers, which the last release stops', async () => {
    const home = testDir('home');
    const [one, two] = await Promise.all([acquire(home), acquire(home)]);
    expect(one.natsUrl).toBe(two.natsUrl);
    expect(one.databaseUrl).toBe(two.databaseUrl);
    const state = stateOf(home);

    await one.release();
    await one.release();
    expect([isRunning(state.nats), isRunning(state.postgres)]).toEqual([true, true]);

    await two.release();
    expect([isRunning(state.nats), isRunning(state.postgres)]).toEqual([false, false]);
  });

  it('asks for a password, and keeps it from other users of the machine', async () => {
    const home = testDir('home');
    const { natsUrl, databaseUrl } = await acquire(home);
    const bare = (url: string): string => url.replace(/\/\/[^@]*@/, '//spoor:wrong@');
    await expect(nats(bare(natsUrl))).rejects.toThrow();
    await expect(query(bare(databaseUrl), 'SELECT 1')).rejects.toThrow();
    for (const file of ['secrets/nats', 'secrets/postgres', 'run/nats.conf', 'run/servers.json']) {
      expect(statSync(join(home, file)).mode & 0o077).toBe(0);
    }
  });

  it('starts both again after kill -9, on the same ports and with what was stored', async () => {
    const home = testDir('home');
    const { natsUrl, databaseUrl } = await acquire(home);
    const first = stateOf(home);
    const client = await nats(natsUrl);
    await (await jetstreamManager(client)).streams.add({ name: 'S', subjects: ['s.>'] });
    await jetstream(client).publish('s.1', 'kept');
    await client.close();
    await query(databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS answer');

    process.kill(first.nats.pid, 'SIGKILL');
    process.kill(first.postgres.pid, 'SIGKILL');
    await until(() => stateOf(home).nats.pid !== first.nats.pid, { what: 'a new nats-server' });
    await until(() => stateOf(home).postgres.pid !== first.postgres.pid, {
      what: 'a new Postgres',
      timeoutMs: 30_000,
    });

    const rows = await until(() => query(databaseUrl, 'SELECT answer FROM kept').catch(() => null), {
      what: 'Postgres answers again',
      timeoutMs: 30_000,
    });
    expect(rows).toEqual([{ answer: 42 }]);
    const again = await until(() => nats(natsUrl).catch(() => null), { what: 'NATS answers again' });
    const message = await (await jetstreamManager(again)).streams.getMessage('S', { seq: 1 });
    expect(message?.string()).toBe('kept');
    await again.close();
  }, 60_000);

  it('adopts servers whose state file was lost', async () => {
    const home = testDir('home');
    const held = await acquire(home);
    const before = stateOf(home);
    rmSync(join(home, 'run/servers.json'));
    const adopter = await acquire(home);
    expect(adopter).toMatchObject({ natsUrl: held.natsUrl, databaseUrl: held.databaseUrl });
    expect(stateOf(home).nats.pid).toBe(before.nats.pid);
    expect(stateOf(home).postgres.pid).toBe(before.postgres.pid);
  });

  it('moves to a free port when its own was taken while it was away', async () => {
    const home = testDir('home');
    await (await acquire(home)).release();
    const { nats: last } = stateOf(home);
    const squatter = await new Promise<Server>((resolve) => {
      const server = createServer();
      server.listen(last.port, '127.0.0.1', () => resolve(server));
    });
    try {
      const { natsUrl } = await acquire(home);
      expect(new URL(natsUrl).port).not.toBe(String(last.port));
      await (await nats(natsUrl)).close();
    } finally {
      squatter.close();
    }
  });

  it('starts nothing for what is given', async () => {
    const home = testDir('home');
    const given = await acquireServers(home, { natsUrl: 'nats://a:1', databaseUrl: 'postgres://b:2/c' });
    expect(given).toMatchObject({ natsUrl: 'nats://a:1', databaseUrl: 'postgres://b:2/c' });
    const half = await acquire(home, { databaseUrl: 'postgres://b:2/c' });
    expect(half.databaseUrl).toBe('postgres://b:2/c');
    expect(Object.keys(stateOf(home))).toEqual(['nats']);
    await given.release();
  });

  it('works in a folder that only its owner may enter', async () => {
    const closed = testDir('closed');
    chmodSync(closed, 0o700);
    const { databaseUrl } = await acquire(join(closed, 'home'));
    expect(await query(databaseUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('is not hindered by a note of a Postgres whose process id has gone to another program', async () => {
    const home = testDir('home');
    await (await acquire(home)).release();
    writeFileSync(join(home, 'postgres/postmaster.pid'), `${process.pid}\n/x\n1\n1\n`, { mode: 0o644 });
    expect(processIdentity(process.pid)).not.toBeNull();
    const { databaseUrl } = await acquire(home);
    expect(await query(databaseUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('says in one line when the home cannot be written', async () => {
    const file = join(testDir('home'), 'file');
    writeFileSync(file, '');
    await expect(acquireServers(file)).rejects.toMatchObject({
      code: 'store_unavailable',
      details: { field: 'SPOOR_HOME' },
    });
  });
});
