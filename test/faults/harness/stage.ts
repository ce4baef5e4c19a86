import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { openDatabase, type OpenDatabase } from '#libs/adapters/postgres';
import { freePort, testDir } from '#libs/testing';
import { Relay } from '../../support/relay.js';
import { CANARIES, OwnPostgres, ownNats, type Server } from './servers.js';
import { Part, ROLES, type Role } from './part.js';

export type ServerName = 'nats' | 'postgres';
/** Ways between two processes; each goes through a relay. Processes of one role share theirs. */
export const LINKS = [
  'coordinator-nats',
  'worker-nats',
  'projector-nats',
  'projector-postgres',
  'api-nats',
  'api-postgres',
] as const;
export type Link = (typeof LINKS)[number];

export interface StageOptions {
  /** Processes of a role; default one of each. */
  count?: Partial<Record<Role, number>>;
  /** Folder of the stores, default one of its own on the usual disk. */
  natsStore?: string;
  postgresData?: string;
}

/** How long a call to the log goes on trying: shorter than the outages here, so that they are seen to be borne. */
const LOG_TIMEOUT_MS = 5_000;
export const LEASE_MS = 2_000;

/** The whole engine as it runs in production, each part a process, with servers of its own. */
export class Stage {
  readonly parts: Part[] = [];
  readonly relays = new Map<Link, Relay>();
  readonly apiPort: number = 0;
  readonly home = testDir('home');
  private opened: { log: JetStreamHandle; database: OpenDatabase } | null = null;

  private constructor(
    readonly nats: Server & { url: string },
    readonly postgres: OwnPostgres,
    private readonly database: string,
    private readonly isOwnPostgres: boolean,
  ) {}

  /** @param shared a Postgres that several stages use one after another */
  static async start(options: StageOptions, shared: OwnPostgres): Promise<Stage> {
    const own = options.postgresData === undefined ? null : await OwnPostgres.begin(options.postgresData);
    const postgres = own ?? shared;
    const database = `f_${randomBytes(6).toString('hex')}`;
    await postgres.start();
    await postgres.createDatabase(database);
    const stage = new Stage(await ownNats(options.natsStore), postgres, database, own !== null);
    try {
      await stage.build(options);
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  /** Every part lives, and did so since it was started or mended. */
  get isWhole(): boolean {
    return this.parts.every((part) => part.isAlive && part.deaths.length === 0);
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.apiPort}`;
  }

  part(role: Role, index = 0): Part {
    const part = this.parts.filter((one) => one.role === role)[index];
    if (!part) throw new Error(`this stage has no ${role} ${index}`);
    return part;
  }

  partsOf(role: Role): Part[] {
    return this.parts.filter((part) => part.role === role);
  }

  relay(link: Link): Relay {
    const relay = this.relays.get(link);
    if (!relay) throw new Error(`this stage has no relay on ${link}`);
    return relay;
  }

  server(name: ServerName): Server {
    return this[name];
  }

  /** Log and read models as whoever judges sees them: past all relays. */
  async open(): Promise<{ log: JetStreamHandle; database: OpenDatabase }> {
    return (this.opened ??= {
      log: await connectLog({ url: this.nats.url, shards: 1, name: 'judge', timeoutMs: 20_000 }),
      database: await openDatabase(this.postgres.url(this.database), { poolSize: 2 }),
    });
  }

  /** Nothing strikes any more: ways are free, what is dead lives again. What survived is left alone: it has to recover by itself. */
  async mend(): Promise<void> {
    for (const relay of this.relays.values()) relay.mend();
    await Promise.all([this.nats.start(), this.postgres.start()]);
    const dead = this.parts.filter((part) => !part.isAlive);
    for (const part of dead) part.start();
    await Promise.all(dead.map((part) => part.ready()));
  }

  async close(): Promise<void> {
    for (const part of this.parts) part.thaw();
    await Promise.all(this.parts.map((part) => part.kill9()));
    await this.opened?.database.close().catch(() => undefined);
    await this.opened?.log.close().catch(() => undefined);
    for (const relay of this.relays.values()) await relay.close();
    await this.nats.crash();
    if (this.isOwnPostgres) await this.postgres.crash();
    else {
      await this.postgres.start();
      await this.postgres.dropDatabase(this.database);
    }
    rmSync(this.home, { recursive: true, force: true });
  }

  private async build({ count = {} }: StageOptions): Promise<void> {
    Object.assign(this, { apiPort: await freePort() });
    for (const link of LINKS) {
      const toNats = link.endsWith('-nats');
      this.relays.set(link, await new Relay(toNats ? this.nats.port : this.postgres.port, toNats).listen());
    }
    for (const role of ROLES)
      for (let i = 0; i < (count[role] ?? 1); i++) {
        const part = new Part(i === 0 ? role : `${role} ${i + 1}`, role, this.home, this.environment(role));
        this.parts.push(part);
        part.start();
      }
    await Promise.all(this.parts.map((part) => part.ready()));
  }

  private environment(role: Role): NodeJS.ProcessEnv {
    const natsPort = this.relay(`${role}-nats`).port;
    const usesPostgres = role === 'projector' || role === 'api';
    const postgresPort = usesPostgres ? this.relay(`${role}-postgres`).port : this.postgres.port;
    return {
      SPOOR_HOME: join(this.home, 'spoor'),
      NATS_URL: this.nats.url.replace(`:${this.nats.port}`, `:${natsPort}`),
      DATABASE_URL: this.postgres.url(this.database, postgresPort),
      SPOOR_PORT: String(this.apiPort),
      SPOOR_ALLOW_PRIVATE: '*',
      SPOOR_LOG_LEVEL: 'debug',
      SPOOR_LOG_TIMEOUT_MS: String(LOG_TIMEOUT_MS),
      SPOOR_LEASE_MS: String(LEASE_MS),
      SPOOR_PROXY_PASSWORD: CANARIES.proxy,
    };
  }
}
