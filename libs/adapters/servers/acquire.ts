import { accessSync, constants, mkdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SpoorError } from '#libs/failures';
import {
  embeddedNats,
  embeddedPostgres,
  ensureRunning,
  stopServer,
  tellToStop,
  type EmbeddedServer,
} from './embedded.js';
import { withLock } from './file-lock.js';
import { layout } from './home-layout.js';
import { syncOf } from './nats-server.js';
import { isRunning } from './process-identity.js';
import { silentLog, type RunningServer, type ServerLog } from './server-process.js';
import { liveUsers, registerUser } from './users.js';

export interface AcquireOptions {
  logger?: ServerLog;
  /** A NATS of the user's own (default: NATS_URL); none is started then. */
  natsUrl?: string | undefined;
  /** A Postgres of the user's own (default: DATABASE_URL); none is started then. */
  databaseUrl?: string | undefined;
  /** A nats-server that is started confirms only what the disk has (default false). One that runs already is taken as it is. */
  syncAlways?: boolean | undefined;
  /** `nats`: no Postgres is started, looked for or named. */
  only?: 'nats' | undefined;
}

export interface AcquiredServers {
  /** With credentials when the server is ours. */
  natsUrl: string;
  /** Empty with `only: 'nats'`. */
  databaseUrl: string;
  /** How the embedded nats-server treats the disk; null for a server of the user's own. */
  readonly natsSync: 'always' | 'interval' | null;
  /** The last one that uses the servers of a home stops them. May be called again. */
  release(): Promise<void>;
}

const WATCH_MS = 300;
const RETRY_MS = 1_000;

function prepareHome(home: string): void {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    accessSync(home, constants.W_OK | constants.X_OK);
    mkdirSync(layout(home).run, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new SpoorError(
      'store_unavailable',
      'SPOOR_HOME cannot be written to.',
      { field: 'SPOOR_HOME', hint: 'Choose a folder that this user may write to, or make room on the disk.' },
      { cause: error },
    );
  }
}

/** Starts a server again that died by itself, on its port, as long as it is held. */
function watch(home: string, held: Map<EmbeddedServer, RunningServer>, log: ServerLog): () => Promise<void> {
  let healing: Promise<void> | null = null;
  const heal = async (server: EmbeddedServer): Promise<void> => {
    try {
      await withLock(layout(home).lock, async () => {
        held.set(server, await ensureRunning(home, server, log, true));
      });
    } catch (error) {
      log.warn(error instanceof Error ? error.message : `${server.kind} could not be started again`);
      await sleep(RETRY_MS);
    }
  };
  const timer = setInterval(() => {
    if (healing) return;
    const dead = [...held].filter(([, running]) => !isRunning(running)).map(([server]) => server);
    if (dead.length === 0) return;
    for (const { kind } of dead) log.warn(`the embedded ${kind} server is gone`);
    healing = Promise.all(dead.map(heal)).then(() => {
      healing = null;
    });
  }, WATCH_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await healing;
  };
}

/**
 * The servers of a home: those given by NATS_URL and DATABASE_URL, else embedded ones, which are adopted when they run and
 * started when not. They are shared by all processes of the home, restarted while held, and end with the last release.
 * @param home SPOOR_HOME
 * @throws SpoorError store_unavailable
 */
export async function acquireServers(home: string, options: AcquireOptions = {}): Promise<AcquiredServers> {
  const log = options.logger ?? silentLog;
  const natsUrl = options.natsUrl ?? (process.env.NATS_URL || undefined);
  const databaseUrl =
    options.only === 'nats' ? '' : (options.databaseUrl ?? (process.env.DATABASE_URL || undefined));
  if (natsUrl !== undefined && databaseUrl !== undefined) {
    return { natsUrl, databaseUrl, natsSync: null, release: () => Promise.resolve() };
  }
  const root = resolve(home);
  prepareHome(root);
  const { lock, users } = layout(root);
  const held = new Map<EmbeddedServer, RunningServer>();
  let both: EmbeddedServer[] = [];
  let note = '';
  // An end in haste cannot wait for the servers, but it leaves none behind. Whoever came meanwhile starts them again.
  const onExit = (): void => {
    rmSync(note, { force: true });
    if (liveUsers(users) === 0) both.forEach((server) => tellToStop(root, server));
  };
  const leave = (): Promise<void> =>
    withLock(lock, async () => {
      rmSync(note, { force: true });
      if (liveUsers(users) === 0) await Promise.all(both.map((server) => stopServer(root, server, log)));
      process.removeListener('exit', onExit);
    });
  const urls = await withLock(lock, async () => {
    note = registerUser(users);
    process.once('exit', onExit);
    const [ownNats, ownPostgres] = [embeddedNats(root, log, options.syncAlways), embeddedPostgres(root)];
    both = [ownNats, ownPostgres];
    const join = async (server: EmbeddedServer): Promise<string> => {
      const running = await ensureRunning(root, server, log);
      held.set(server, running);
      return running.url;
    };
    const results = await Promise.allSettled([natsUrl ?? join(ownNats), databaseUrl ?? join(ownPostgres)]);
    return results;
  });
  const [nats, database] = urls;
  if (nats.status === 'rejected' || database.status === 'rejected') {
    await leave();
    throw nats.status === 'rejected' ? nats.reason : (database as PromiseRejectedResult).reason;
  }
  const unwatch = watch(root, held, log);
  let released: Promise<void> | null = null;
  return {
    natsUrl: nats.value,
    databaseUrl: database.value,
    natsSync: natsUrl === undefined ? syncOf(layout(root).run) : null,
    release: () => (released ??= unwatch().then(leave)),
  };
}
