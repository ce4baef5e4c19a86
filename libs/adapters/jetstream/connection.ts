import { parseUrl } from '#libs/events';
import { connect, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';
import { SpoorError } from '#libs/failures';
import { ApiError, unavailable } from './errors.js';
import type { AdapterLogger } from './logger.js';
import { Requests } from './requests.js';

const OLDEST = { major: 2, minor: 10 };

export interface DialOptions {
  /** `nats://[user:password@|token@]host:port`, several separated by commas; `tls://` for TLS. */
  url: string;
  /** Shown in the server's list of connections. */
  name: string;
  /** How long the first connection may take, ms. */
  connectTimeoutMs: number;
  /** How long a request is repeated before it fails with store_unavailable, ms. */
  timeoutMs: number;
  logger: AdapterLogger;
}

/** One connection that comes back for ever, the requests that survive it, and word of its ups and downs. */
export class LogConnection {
  readonly requests: Requests;
  private readonly listeners = new Set<(connected: boolean) => void>();
  private up = true;

  constructor(
    readonly nc: NatsConnection,
    readonly timeoutMs: number,
    readonly logger: AdapterLogger,
  ) {
    this.requests = new Requests(nc, timeoutMs);
    void this.watch();
  }

  get connected(): boolean {
    return this.up;
  }

  get closed(): boolean {
    return this.nc.isClosed();
  }

  get maxPayload(): number {
    return this.nc.info?.max_payload ?? 1024 * 1024;
  }

  /** @returns a function that ends it. */
  onChange(listener: (connected: boolean) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private async watch(): Promise<void> {
    for await (const status of this.nc.status()) {
      if (status.type === 'disconnect' && this.up) this.set(false);
      else if (status.type === 'reconnect' && !this.up) this.set(true);
    }
    this.set(false);
    this.requests.close();
  }

  private set(up: boolean): void {
    if (up) this.logger.info('connected to NATS again');
    else if (!this.nc.isClosed()) this.logger.warn('the connection to NATS is lost; trying again');
    this.up = up;
    this.requests.setConnected(up);
    for (const listener of [...this.listeners]) listener(up);
  }
}

/** @throws SpoorError store_unavailable with one line that says which of address, credentials, version, JetStream is wrong. */
export async function dial(options: DialOptions): Promise<LogConnection> {
  const nc = await connectNats(options);
  try {
    checkVersion(nc.info?.version ?? 'unknown');
    const connection = new LogConnection(nc, options.timeoutMs, options.logger);
    await checkJetStream(connection, options.connectTimeoutMs);
    return connection;
  } catch (error) {
    await nc.close();
    throw error;
  }
}

/** One connection, within `connectTimeoutMs`, that comes back for ever. @throws SpoorError store_unavailable */
export async function connectNats(options: Omit<DialOptions, 'timeoutMs'>): Promise<NatsConnection> {
  const settings = connectionOptions(options);
  const deadline = performance.now() + options.connectTimeoutMs;
  for (;;) {
    try {
      return await connect({ ...settings, timeout: Math.max(250, deadline - performance.now()) });
    } catch (error) {
      const text = error instanceof Error ? `${error.name} ${error.message}` : '';
      // Slow is not refused: a busy machine's credentials may come later than the server waits for them.
      if (/authoriz|authentic/i.test(text) && !/authentication timeout/i.test(text))
        throw new SpoorError(
          'store_unavailable',
          'NATS refused the credentials',
          { hint: 'Check user and password (or token) in NATS_URL.' },
          { cause: error },
        );
      if (performance.now() + 250 > deadline)
        throw new SpoorError(
          'store_unavailable',
          'NATS cannot be reached',
          { hint: 'Check NATS_URL, and that nats-server runs there.' },
          { cause: error },
        );
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function connectionOptions({ url, name }: Pick<DialOptions, 'url' | 'name'>): ConnectionOptions {
  const servers: string[] = [];
  let credentials: ConnectionOptions = {};
  for (const part of url.split(',')) {
    const text = part.trim().includes('://') ? part.trim() : `nats://${part.trim()}`;
    const parsed = parseUrl(text);
    if (parsed === null)
      throw new SpoorError('invalid_request', 'NATS_URL is not a URL', {
        field: 'NATS_URL',
        hint: 'It looks like nats://127.0.0.1:4222.',
      });
    servers.push(`${parsed.hostname}:${parsed.port || '4222'}`);
    if (parsed.protocol === 'tls:') credentials = { ...credentials, tls: {} };
    if (parsed.password) {
      credentials.user = decodeURIComponent(parsed.username);
      credentials.pass = decodeURIComponent(parsed.password);
    } else if (parsed.username) credentials.token = decodeURIComponent(parsed.username);
  }
  return {
    ...credentials,
    servers,
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 100,
    // Credentials that are being rotated must not end the engine.
    ignoreAuthErrorAbort: true,
    pingInterval: 10_000,
    maxPingOut: 2,
    noAsyncTraces: true,
  };
}

/** @throws SpoorError when the server is too old for what the log relies on. */
export function checkVersion(found: string): void {
  const [major = 0, minor = 0] = found.split('.').map(Number);
  if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) return;
  throw new SpoorError(
    'store_unavailable',
    `nats-server ${found} is too old: ${OLDEST.major}.${OLDEST.minor} or later is needed`,
    { hint: 'Upgrade nats-server, or leave NATS_URL empty to use one of our own.' },
  );
}

async function checkJetStream(connection: LogConnection, timeoutMs: number): Promise<void> {
  try {
    await connection.requests.json('$JS.API.INFO', undefined, { timeoutMs });
  } catch (error) {
    if (!(error instanceof ApiError) && connection.connected)
      throw new SpoorError(
        'store_unavailable',
        'this NATS server has no JetStream',
        { hint: 'Start nats-server with -js (and -sd for its directory).' },
        { cause: error },
      );
    if (error instanceof ApiError)
      throw new SpoorError(
        'store_unavailable',
        'JetStream is not enabled for this NATS account',
        { hint: 'Start nats-server with -js, or enable JetStream for the account.' },
        { cause: error },
      );
    throw unavailable('NATS went away while connecting', error);
  }
}
