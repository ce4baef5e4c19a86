import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { SpoorError } from '#libs/failures';
import { findNatsServer } from './nats-binary.js';
import { freePort, isPortFree, portTaken } from './ports.js';
import {
  logSince,
  logSize,
  spawnServer,
  waitReady,
  type RunningServer,
  type ServerLog,
} from './server-process.js';

export interface NatsServerOptions {
  /** JetStream's folder; its `*.conf` and `*.pid` are kept in `runDir`. */
  storeDir: string;
  runDir: string;
  logFile: string;
  /** Where a fetched program may be kept: SPOOR_HOME. */
  home: string;
  /** A nats-server to be used instead of the one that is found. */
  program?: string;
  /** Must be unique in a cluster (default `spoor`). */
  name?: string;
  /** Exactly this port; default any free one. */
  port?: number;
  credentials?: { user: string; password: string };
  /** Confirm what is stored only when the disk has it (default false: within two minutes after). */
  syncAlways?: boolean;
  /** Further lines of the configuration. */
  settings?: readonly string[];
  /** Called as soon as the process exists, before it is ready. */
  onSpawn?: (server: RunningServer) => void;
  log?: ServerLog;
}

/** True when a NATS server with JetStream greets on that port. */
export function natsAnswers(port: number, timeoutMs = 2_000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let greeting = '';
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => end(false));
    socket.once('error', () => end(false));
    socket.once('close', () => resolve(false));
    socket.on('data', (chunk) => {
      greeting += chunk.toString('utf8');
      if (greeting.includes('\r\n')) end(/^INFO .*"jetstream":true/.test(greeting));
    });
  });
}

/**
 * The server would take no more than three quarters of what is free on the disk when it starts, whatever it holds already, and then
 * refuse every write with room left. What bounds the log is the disk itself, and jobs pause before that is full.
 */
const STORE_BYTES = 2 ** 50;

const SYNC_ALWAYS = 'sync_interval: always';

/** How the server that was started last in `runDir` treats the disk. */
export function syncOf(runDir: string): 'always' | 'interval' {
  try {
    return readFileSync(join(runDir, 'nats.conf'), 'utf8').includes(SYNC_ALWAYS) ? 'always' : 'interval';
  } catch {
    return 'interval';
  }
}

function writeConfig(options: NatsServerOptions, port: number): string {
  const file = join(options.runDir, 'nats.conf');
  const { credentials } = options;
  const lines = [
    `listen: ${JSON.stringify(`127.0.0.1:${port}`)}`,
    `server_name: ${JSON.stringify(options.name ?? 'spoor')}`,
    `pid_file: ${JSON.stringify(join(options.runDir, 'nats.pid'))}`,
    `jetstream { store_dir: ${JSON.stringify(options.storeDir)}, max_file_store: ${STORE_BYTES}${options.syncAlways ? `, ${SYNC_ALWAYS}` : ''} }`,
    ...(credentials
      ? [
          `authorization { user: ${JSON.stringify(credentials.user)}, password: ${JSON.stringify(credentials.password)} }`,
        ]
      : []),
    ...(options.settings ?? []),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
  return file;
}

export const natsUrl = (port: number, credentials?: { user: string; password: string }): string =>
  credentials
    ? `nats://${credentials.user}:${credentials.password}@127.0.0.1:${port}`
    : `nats://127.0.0.1:${port}`;

/**
 * Starts a nats-server with JetStream on file storage, on the loopback address, and waits until it answers.
 * @throws SpoorError store_unavailable
 */
export async function startNatsServer(options: NatsServerOptions): Promise<RunningServer> {
  const program = options.program ?? (await findNatsServer(options.home, options.log));
  for (const dir of [options.storeDir, options.runDir]) mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    if (!(await isPortFree(port))) throw portTaken('NATS', port);
    const logFrom = logSize(options.logFile);
    const child = spawnServer(program, ['-c', writeConfig(options, port)], { logFile: options.logFile });
    const server = { ...child, port, url: natsUrl(port, options.credentials) };
    options.onSpawn?.(server);
    // Recovery of a large store comes before the first greeting, hence the patience while the process runs.
    if ((await waitReady(child, () => natsAnswers(port), 120_000)) === 'ready') return server;
    if (logSince(options.logFile, logFrom).includes('address already in use')) {
      if (options.port !== undefined || attempt === 5) throw portTaken('NATS', port);
      continue;
    }
    throw new SpoorError('store_unavailable', 'The embedded nats-server did not start.', {
      hint: `Its own words are in ${options.logFile}; a full disk is the usual reason.`,
    });
  }
}
