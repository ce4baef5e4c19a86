import type { NatsConnection } from '@nats-io/transport-node';
import type {
  AccountLog,
  EventLog,
  FetchQueue,
  Lease,
  LogArchive,
  LogAudit,
  LogInspection,
  Metrics,
  LogPurge,
  ProgressFeed,
  ScrapeNodes,
} from '#libs/engine/ports';
import { openAccountLog } from './account-log.js';
import { JetStreamArchive, refuseHalfRestored } from './archive.js';
import { JetStreamAudit } from './audit.js';
import { dial, type LogConnection } from './connection.js';
import { toSpoorError } from './errors.js';
import { JetStreamEventLog } from './event-log.js';
import { JetStreamFetchQueue } from './fetch-queue.js';
import { JetStreamInspection } from './inspection.js';
import { NatsScrapeNodes } from './nodes/nats-scrape-nodes.js';
import { KvLease } from './lease.js';
import { silentLogger, type AdapterLogger } from './logger.js';
import { NatsProgressFeed } from './progress.js';
import { JetStreamPurge } from './purge.js';
import { DEDUPE_MS, ensureStreams } from './streams.js';

export interface ConnectOptions {
  /** `nats://[user:password@|token@]host:port`, several separated by commas. */
  url: string;
  shards: number;
  /** Names this process in the server's list of connections. */
  name: string;
  /** How long an effect may stay unknown before a call fails, ms (default 30 s, at most 100 s). */
  timeoutMs?: number;
  /** How long the first connection may take, ms (default 5 s). */
  connectTimeoutMs?: number;
  /** Copies of each stream, for new streams (default 1). */
  replicas?: number;
  /** A lease that is not renewed is free after this, ms (default 10 s). */
  leaseTtlMs?: number;
  /** Connect to a log in the middle of a restore, too (default false): for the restore itself. */
  evenHalfRestored?: boolean;
  logger?: AdapterLogger;
  metrics?: Metrics | undefined;
}

export interface JetStreamHandle {
  readonly eventLog: EventLog;
  /** Its stream is made at the first call: an engine that only crawls has none. */
  accounts(): Promise<AccountLog>;
  readonly fetchQueue: FetchQueue;
  readonly lease: Lease;
  readonly progress: ProgressFeed;
  readonly archive: LogArchive;
  readonly audit: LogAudit;
  readonly inspection: LogInspection;
  /** Fetchers elsewhere. */
  readonly scrapeNodes: ScrapeNodes;
  readonly nc: NatsConnection;
  /** Sends and awaits what is under way, then closes. */
  close(): Promise<void>;
  readonly purge: LogPurge;
}

/**
 * Connects, makes or checks the streams, and gives everything that the engine keeps in NATS.
 *
 * @throws SpoorError store_unavailable with one line that names what is wrong.
 */
export async function connectLog(options: ConnectOptions): Promise<JetStreamHandle> {
  const connection = await dial({
    url: options.url,
    name: options.name,
    connectTimeoutMs: options.connectTimeoutMs ?? 5000,
    // A message id is remembered for two minutes: repeats must have ended well before.
    timeoutMs: Math.min(options.timeoutMs ?? 30_000, DEDUPE_MS - 20_000),
    logger: options.logger ?? silentLogger,
  });
  try {
    const { shards, replicas = 1 } = options;
    if (!options.evenHalfRestored) await refuseHalfRestored(connection);
    for (let shard = 0; shard < shards; shard += 1) await ensureStreams(connection, shard, replicas);
    const lease = await KvLease.open(connection, options.leaseTtlMs ?? 10_000, replicas);
    const archive = new JetStreamArchive(connection, { shards, replicas });
    const accounts = openAccountLog(connection, replicas);
    return handle(connection, lease, archive, accounts, options.metrics);
  } catch (error) {
    await connection.nc.close();
    throw toSpoorError(error);
  }
}

function handle(
  connection: LogConnection,
  lease: Lease,
  archive: LogArchive,
  accounts: () => Promise<AccountLog>,
  metrics?: Metrics,
): JetStreamHandle {
  const eventLog = new JetStreamEventLog(connection, metrics);
  let closing: Promise<void> | null = null;
  return {
    eventLog,
    accounts,
    fetchQueue: new JetStreamFetchQueue(connection),
    lease,
    progress: new NatsProgressFeed(connection),
    archive,
    audit: new JetStreamAudit(connection),
    inspection: new JetStreamInspection(connection),
    scrapeNodes: new NatsScrapeNodes(connection.nc),
    nc: connection.nc,
    close: () => (closing ??= close(connection, eventLog)),
    purge: new JetStreamPurge(connection),
  };
}

async function close(connection: LogConnection, eventLog: JetStreamEventLog): Promise<void> {
  eventLog.flush();
  if (connection.connected) {
    await connection.requests.idle(2000);
    await connection.nc.drain().catch(() => {});
  }
  await connection.nc.close();
}
