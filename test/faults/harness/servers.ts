import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import {
  isRunning,
  killProcess,
  postgresUrl,
  startNatsServer,
  startPostgres,
  stopProcess,
  type RunningServer,
} from '#libs/adapters/servers';
import { noteProcess, runDir, testDir } from '#libs/testing';

/** Secrets that must show nowhere. */
export const CANARIES = {
  nats: `canary-nats-${randomBytes(4).toString('hex')}`,
  postgres: `canary-postgres-${randomBytes(4).toString('hex')}`,
  proxy: `canary-proxy-${randomBytes(4).toString('hex')}`,
};

/** A server with a known pid that can be hurt and started again where it was. */
export interface Server {
  readonly port: number;
  readonly pid: number;
  /** SIGKILL to the server, or what its makers call an immediate shutdown. */
  crash(): Promise<void>;
  stop(): Promise<void>;
  /** Nothing when it runs. */
  start(): Promise<void>;
  log(): string;
}

export async function ownNats(storeDir = join(testDir('nats'), 'store')): Promise<Server & { url: string }> {
  const dir = testDir('nats-run');
  const logFile = join(dir, 'nats.log');
  const credentials = { user: 'spoor', password: CANARIES.nats };
  const launch = (port?: number): Promise<RunningServer> =>
    startNatsServer({
      ...{ storeDir, runDir: dir, logFile, home: runDir(), credentials, onSpawn: noteProcess },
      ...(port === undefined ? {} : { port }),
    });
  let server: RunningServer | null = await launch();
  const { port, url } = server;
  return {
    port,
    url,
    get pid() {
      return server?.pid ?? 0;
    },
    crash: async () => {
      if (server) await killProcess(server);
      server = null;
    },
    stop: async () => {
      if (server) await stopProcess(server, 'SIGTERM');
      server = null;
    },
    start: async () => void (server ??= await launch(port)),
    log: () => readFileSync(logFile, 'utf8'),
  };
}

export class OwnPostgres implements Server {
  private constructor(
    private readonly dataDir: string,
    private readonly logFile: string,
    private server: RunningServer | null,
    readonly port: number,
  ) {}

  static async begin(dataDir = join(testDir('postgres'), 'data')): Promise<OwnPostgres> {
    const logFile = join(testDir('postgres-run'), 'postgres.log');
    const server = await launch(dataDir, logFile);
    return new OwnPostgres(dataDir, logFile, server, server.port);
  }

  get pid(): number {
    return this.server?.pid ?? 0;
  }

  url(database: string, port = this.port): string {
    return postgresUrl(port, CANARIES.postgres, database);
  }

  /** SIGQUIT, as `pg_ctl stop -m immediate` sends it: no checkpoint, recovery at the next start. */
  async crash(): Promise<void> {
    if (this.server) await stopProcess(this.server, 'SIGQUIT');
    this.server = null;
  }

  async stop(): Promise<void> {
    if (this.server) await stopProcess(this.server, 'SIGINT');
    this.server = null;
  }

  /** It may have ended by itself, as it does when its disk is full. */
  async start(): Promise<void> {
    if (this.server && isRunning(this.server)) return;
    this.server = await launch(this.dataDir, this.logFile, this.port);
  }

  log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  async createDatabase(name: string): Promise<void> {
    await this.admin(`CREATE DATABASE ${name}`);
  }

  async dropDatabase(name: string): Promise<void> {
    await this.admin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }

  private async admin(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.url('postgres') });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  }
}

const launch = (dataDir: string, logFile: string, port?: number): Promise<RunningServer> =>
  startPostgres({
    ...{ dataDir, logFile, home: runDir(), password: CANARIES.postgres, durable: false },
    ...(port === undefined ? {} : { port }),
    onSpawn: noteProcess,
  });
