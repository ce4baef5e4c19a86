import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '#libs/failures';
import { layout } from './home-layout.js';
import { natsAnswers, natsUrl, startNatsServer } from './nats-server.js';
import { freePort, isPortFree, isPortTaken } from './ports.js';
import { postgresAnswers, postgresUrl, postmasterNote, startPostgres } from './postgres.js';
import { isRunning, processIdentity, programOf } from './process-identity.js';
import { keptSecret } from './secrets.js';
import {
  signalProcess,
  stopProcess,
  waitReady,
  type RunningServer,
  type ServerLog,
} from './server-process.js';
import { readState, writeState, type ServerKind } from './server-state.js';

/** One of the two servers of a SPOOR_HOME. All calls are made under the home's lock. */
export interface EmbeddedServer {
  readonly kind: ServerKind;
  readonly usualPort: number;
  /** A server that runs without being in the state file, by its own pid file. */
  orphan(): { pid: number; port: number } | null;
  url(port: number): string;
  start(port: number, onSpawn: (server: RunningServer) => void): Promise<RunningServer>;
  answers(port: number): Promise<boolean>;
  stopSignal: NodeJS.Signals;
}

/** The port that the environment asks for, 0 for any free one; what is no port counts as not set. */
function wantedPort(variable: string, usual: number): number {
  const text = process.env[variable] ?? '';
  return /^\d{1,5}$/.test(text) && Number(text) < 65_536 ? Number(text) : usual;
}

export function embeddedNats(home: string, log: ServerLog, syncAlways = false): EmbeddedServer {
  const paths = layout(home);
  const credentials = { user: 'spoor', password: keptSecret(paths.secret('nats')) };
  const orphan = (): { pid: number; port: number } | null => {
    try {
      const pid = Number(readFileSync(join(paths.run, 'nats.pid'), 'utf8'));
      const port = /127\.0\.0\.1:(\d+)/.exec(readFileSync(join(paths.run, 'nats.conf'), 'utf8'))?.[1];
      return port === undefined ? null : { pid, port: Number(port) };
    } catch {
      return null;
    }
  };
  return {
    kind: 'nats',
    usualPort: wantedPort('SPOOR_NATS_PORT', 4222),
    stopSignal: 'SIGTERM',
    orphan,
    url: (port) => natsUrl(port, credentials),
    answers: (port) => natsAnswers(port),
    start: (port, onSpawn) =>
      startNatsServer({
        ...{ storeDir: paths.nats, runDir: paths.run, logFile: join(paths.logs, 'nats.log') },
        ...{ home, port, credentials, onSpawn, log, syncAlways },
      }),
  };
}

export function embeddedPostgres(home: string): EmbeddedServer {
  const paths = layout(home);
  const password = keptSecret(paths.secret('postgres'));
  return {
    kind: 'postgres',
    usualPort: wantedPort('SPOOR_POSTGRES_PORT', 5432),
    // Fast shutdown: sessions are ended, the data folder is left clean.
    stopSignal: 'SIGINT',
    orphan: () => postmasterNote(paths.postgres),
    url: (port) => postgresUrl(port, password),
    answers: (port) => postgresAnswers(port, password),
    start: (port, onSpawn) =>
      startPostgres({
        ...{ dataDir: paths.postgres, logFile: join(paths.logs, 'postgres.log') },
        ...{ home, port, password, onSpawn },
      }),
  };
}

const PROGRAM: Record<ServerKind, string> = { nats: 'nats-server', postgres: 'postgres' };

/** The server that runs for this home, started by whomever; null when none does. */
export function findRunning(home: string, server: EmbeddedServer): RunningServer | null {
  const known = readState(layout(home).state)[server.kind];
  if (known && isRunning(known)) return { ...known, url: server.url(known.port) };
  const orphan = server.orphan();
  if (!orphan || programOf(orphan.pid) !== PROGRAM[server.kind]) return null;
  const identity = processIdentity(orphan.pid);
  return identity === null ? null : { ...orphan, identity, url: server.url(orphan.port) };
}

/**
 * Adopts the server that runs, or starts it: where it ran before, so that clients find it again.
 * @param samePort true: rather fail than move to another port, for there are clients already
 */
export async function ensureRunning(
  home: string,
  server: EmbeddedServer,
  log: ServerLog,
  samePort = false,
): Promise<RunningServer> {
  const { state } = layout(home);
  const running = findRunning(home, server);
  if (running) {
    if ((await waitReady(running, () => server.answers(running.port), 60_000)) === 'ready') {
      writeState(state, server.kind, running);
      return running;
    }
    if (isRunning(running)) {
      throw new SpoorError(
        'store_unavailable',
        `The embedded ${PROGRAM[server.kind]} runs but does not answer.`,
        {
          hint: `Its words are in ${layout(home).logs}; end process ${running.pid} and try again.`,
        },
      );
    }
  }
  let port = readState(state)[server.kind]?.port ?? server.usualPort;
  if (!samePort && (port === 0 || !(await isPortFree(port)))) port = await freePort();
  for (let attempt = 1; ; attempt += 1) {
    log.info(`starting ${PROGRAM[server.kind]} on port ${port}`);
    try {
      return await server.start(port, (started) => writeState(state, server.kind, started));
    } catch (error) {
      // Somebody took the port between the look and the start.
      if (samePort || attempt === 5 || !isPortTaken(error)) throw error;
      port = await freePort();
    }
  }
}

/** Without waiting for its end. */
export function tellToStop(home: string, server: EmbeddedServer): void {
  const running = findRunning(home, server);
  if (running) signalProcess(running, server.stopSignal);
}

export async function stopServer(home: string, server: EmbeddedServer, log: ServerLog): Promise<void> {
  const running = findRunning(home, server);
  if (!running) return;
  log.info(`stopping ${PROGRAM[server.kind]}`);
  await stopProcess(running, server.stopSignal);
}
