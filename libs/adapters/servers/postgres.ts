import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { SpoorError } from '#libs/failures';
import { freePort, isPortFree, portTaken } from './ports.js';
import { postgresNative } from './postgres-binaries.js';
import { fdsOf, handOver, initCluster, letGo, postgresUser } from './postgres-cluster.js';
import { programOf } from './process-identity.js';
import { logSince, logSize, spawnServer, waitReady, type RunningServer } from './server-process.js';

export interface PostgresOptions {
  dataDir: string;
  logFile: string;
  /** SPOOR_HOME: where a copy of the programs may be kept. */
  home: string;
  /** Of the superuser `spoor`. */
  password: string;
  /** Exactly this port; default any free one. */
  port?: number;
  /** False only for data that nobody will miss: no fsync. */
  durable?: boolean;
  onSpawn?: (server: RunningServer) => void;
}

export const postgresUrl = (port: number, password: string, database = 'spoor'): string =>
  `postgres://spoor:${password}@127.0.0.1:${port}/${database}`;

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  // Loaded here: most processes are given their servers by the launcher.
  const { default: driver } = await import('pg');
  const client = new driver.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** True when the server takes the password; makes the database `spoor` at the first time. */
export async function postgresAnswers(port: number, password: string): Promise<boolean> {
  try {
    await withClient(postgresUrl(port, password, 'postgres'), async (client) => {
      const found = await client.query("SELECT 1 FROM pg_database WHERE datname = 'spoor'");
      if (found.rowCount === 0) await client.query('CREATE DATABASE spoor');
    });
    return true;
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === '28P01') {
      throw new SpoorError(
        'store_unavailable',
        'The embedded Postgres refuses the password kept in SPOOR_HOME.',
        {
          hint: 'Restore secrets/postgres of SPOOR_HOME, or move its folder postgres away: the projection is built again from the log.',
        },
      );
    }
    // 42P04: another process made the database at the same moment.
    return code === '42P04';
  }
}

/** Process id and port that a data folder names as its server's; null when there is no such note. */
export function postmasterNote(dataDir: string): { pid: number; port: number } | null {
  try {
    const [pid, , , port] = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n').map(Number);
    return pid && port ? { pid, port } : null;
  } catch {
    return null;
  }
}

/** After a reboot the id in the note may belong to anybody, and Postgres would wait for that program to end. */
function dropForeignNote(dataDir: string): void {
  const note = postmasterNote(dataDir);
  const program = note && programOf(note.pid);
  if (program !== null && program !== 'postgres') rmSync(join(dataDir, 'postmaster.pid'), { force: true });
}

function launch(native: string, options: PostgresOptions, port: number): RunningServer {
  const set = (name: string, value: string): string[] => ['-c', `${name}=${value}`];
  const data = handOver(options.dataDir, 3);
  try {
    const child = spawnServer(
      join(native, 'bin/postgres'),
      [
        ...['-D', data.path, '-p', String(port)],
        ...set('listen_addresses', '127.0.0.1'),
        ...set('unix_socket_directories', ''),
        ...set('cluster_name', 'spoor'),
        ...(options.durable === false ? [...set('fsync', 'off'), ...set('full_page_writes', 'off')] : []),
      ],
      { logFile: options.logFile, user: postgresUser(), fds: fdsOf(data) },
    );
    return { ...child, port, url: postgresUrl(port, options.password) };
  } finally {
    letGo(data);
  }
}

/**
 * Starts Postgres on a data folder, which is made when missing, on the loopback address, and waits until it answers.
 * @throws SpoorError store_unavailable
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningServer> {
  const native = postgresNative(options.home);
  await initCluster(native, options.dataDir, options.password, options.logFile);
  const patience = performance.now() + 30_000;
  for (;;) {
    dropForeignNote(options.dataDir);
    const port = options.port ?? (await freePort());
    if (!(await isPortFree(port))) throw portTaken('Postgres', port);
    const logFrom = logSize(options.logFile);
    const server = launch(native, options, port);
    options.onSpawn?.(server);
    const answers = (): Promise<boolean> => postgresAnswers(port, options.password);
    if ((await waitReady(server, answers, 120_000)) === 'ready') return server;
    const words = logSince(options.logFile, logFrom);
    if (options.port !== undefined && words.includes('Address already in use'))
      throw portTaken('Postgres', port);
    // Backends of a killed postmaster need a moment to notice, and hold memory (and with it the folder) until then.
    const passing = /shared memory block|lock file "postmaster.pid" already exists|Address already in use/;
    if (!passing.test(words) || performance.now() > patience) {
      throw new SpoorError('store_unavailable', 'The embedded Postgres did not start.', {
        hint: `Its own words are in ${options.logFile}; a full disk is the usual reason.`,
      });
    }
    await sleep(100);
  }
}
