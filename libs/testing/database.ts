import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { isRunning, postgresUrl, startPostgres, withLock, type RunningServer } from '#libs/adapters/servers';
import { noteProcess, runDir } from './run-dir.js';

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

const PASSWORD = 'test';

function running(file: string): RunningServer | null {
  try {
    const server = JSON.parse(readFileSync(file, 'utf8')) as RunningServer;
    return isRunning(server) ? server : null;
  } catch {
    return null;
  }
}

/** The one Postgres of this jest run: the first test that needs it starts it, in whichever worker. */
async function sharedPostgres(): Promise<RunningServer> {
  const dir = runDir();
  const file = join(dir, 'postgres.json');
  return withLock(join(dir, 'postgres-lock'), async () => {
    const found = running(file);
    if (found) return found;
    const server = await startPostgres({
      ...{ dataDir: join(dir, 'postgres'), logFile: join(dir, 'postgres.log'), home: dir },
      ...{ password: PASSWORD, durable: false, onSpawn: noteProcess },
    });
    writeFileSync(file, JSON.stringify(server));
    return server;
  });
}

async function asAdmin(port: number, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl(port, PASSWORD, 'postgres') });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** A fresh, empty database on a real Postgres. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { port } = await sharedPostgres();
  const name = `t_${randomBytes(8).toString('hex')}`;
  await asAdmin(port, `CREATE DATABASE ${name}`);
  return {
    url: postgresUrl(port, PASSWORD, name),
    drop: () => asAdmin(port, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}
