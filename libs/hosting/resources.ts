import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { createFileBodies } from '#libs/adapters/bodies';
import { createProxyCheck } from '#libs/adapters/egress';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import type { PromMetrics } from '#libs/adapters/metrics';
import type { OpenDatabase } from '#libs/adapters/postgres';
import { createPrivateTargets, type FilePrivateTargets } from '#libs/adapters/private-targets';
import { createProxyResolver } from '#libs/adapters/proxy-config';
import { acquireServers, isRunning, thisProcess } from '#libs/adapters/servers';
import {
  currentTraceparent,
  diskRoom,
  newHashKey,
  newId,
  systemClock,
  traceContext,
} from '#libs/adapters/system';
import { createLogger, type EngineConfig } from '#libs/config';
import { JobHistories } from '#libs/engine/histories';
import { RemoveJob } from '#libs/engine/retention';
import type { Reextraction } from '#libs/engine/reextraction';
import { JobService } from '#libs/engine/jobs';
import type { BodyArchive, Clock, Logger, ProxyCheck, ProxyResolver } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import type { HashKey } from '#libs/job';
import { durabilityFindings } from './durability.js';
import type { ExportWarc } from './warc.js';

/** What the processes of an engine stand on. */
export interface Resources {
  readonly config: EngineConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly log: JetStreamHandle;
  readonly bodies: BodyArchive;
  readonly removal: RemoveJob;
  /** With the HTML parser, which is loaded at the first call. */
  reextraction(): Promise<Reextraction>;
  /** With the writer of WARC files, likewise. */
  exportWarc(): Promise<ExportWarc>;
  readonly jobs: JobService;
  /** What the histories of jobs tell, of now and of any moment before. */
  readonly histories: JobHistories;
  /** Where somebody may look; left out otherwise, so that nothing is counted for nobody. */
  readonly metrics: PromMetrics | undefined;
  /** Finds the proxies of jobs, with their credentials as they are now. */
  readonly proxies: ProxyResolver;
  readonly proxyCheck: ProxyCheck;
  /** What single jobs may reach; the CLI adds to it. */
  readonly privateTargets: FilePrivateTargets;
  readonly hashKey: HashKey;
  /** Names this process among all others. */
  readonly holder: string;
  /** With credentials; for children, by their environment. */
  /** Whether nats-server waits for its disk; null: not known. */
  readonly natsSync: EngineConfig['natsSync'];
  readonly natsUrl: string;
  readonly databaseUrl: string;
  /** Connects and migrates at the first call. */
  database(): Promise<OpenDatabase>;
  close(): Promise<void>;
}

/** Something that runs until it is closed. */
export interface Running {
  close(): Promise<void>;
}

/** Room that NATS and Postgres need to say in order that there is no more. */
export const MIN_FREE_BYTES = 32 * 1024 * 1024;

export interface ResourceOptions {
  /** Names the process to people: in logs and in the server's list of connections. */
  name: string;
  /** `log`: what is asked is told by the log alone, so no database is started or looked for. */
  only?: 'log';
  /** Also to a log that is in the middle of a restore (default false). */
  evenHalfRestored?: boolean;
  metrics?: PromMetrics | undefined;
}

/**
 * Connects to NATS and Postgres: those of the environment, else the embedded ones of SPOOR_HOME, which are started when needed.
 * @throws SpoorError store_unavailable
 */
export async function openResources(
  config: EngineConfig,
  { name, only, evenHalfRestored = false, metrics }: ResourceOptions,
): Promise<Resources> {
  const logger = createLogger(name, { level: config.logLevel, context: traceContext });
  await checkRoom(config);
  const servers = await acquireServers(config.home, {
    natsUrl: config.natsUrl ?? undefined,
    databaseUrl: config.databaseUrl ?? undefined,
    only: only && 'nats',
    syncAlways: config.durability === 'safe',
    logger,
  });
  const { natsUrl, databaseUrl } = servers;
  let log: JetStreamHandle;
  try {
    log = await connectLog({
      url: natsUrl,
      shards: config.shards,
      name: `spoor ${name}`,
      timeoutMs: config.logTimeoutMs,
      leaseTtlMs: config.leaseMs,
      replicas: config.replicas,
      evenHalfRestored,
      logger,
      metrics,
    });
  } catch (error) {
    await servers.release();
    throw error;
  }
  let opened: Promise<OpenDatabase> | null = null;
  const database = (): Promise<OpenDatabase> => {
    if (only === 'log')
      throw new SpoorError('internal', 'A database was asked for where only the log is read.');
    return (opened ??= connectDatabase(databaseUrl));
  };
  const hashKey = newHashKey();
  const bodies = createFileBodies({
    dir: join(config.home, 'bodies'),
    sync: config.durability === 'safe',
  });
  const proxies = createProxyResolver({ env: process.env, cwd: process.cwd(), home: config.home });
  const privateTargets = createPrivateTargets({ dir: join(config.home, 'private-targets') });
  const proxyCheck = createProxyCheck({
    proxies,
    allowPrivate: () => config.allowPrivate,
    allowPrivateOf: (jobId) => privateTargets.of(jobId),
  });
  const removal = new RemoveJob({
    ...{ eventLog: log.eventLog, purge: log.purge, bodies, clock: systemClock },
    forget: (jobId) => privateTargets.forget(jobId),
  });
  const jobs = new JobService({
    eventLog: log.eventLog,
    clock: systemClock,
    newId,
    shards: config.shards,
    trace: currentTraceparent,
    hashKey,
    bodies,
    removal,
    readModels: async () => (await database()).readModels,
    proxyCheck,
  });
  const natsSync = servers.natsSync ?? config.natsSync;
  const stores = { eventLog: log.eventLog, state: (jobId: string) => jobs.state(jobId) };
  // A look that fails now is taken again by health.
  const promises = await durabilityFindings({ config, log, natsSync }).catch(() => []);
  for (const { code, message, hint } of promises) logger.warn({ code, hint }, message);
  return {
    config,
    logger,
    clock: systemClock,
    log,
    bodies,
    metrics,
    removal,
    reextraction: async () => {
      const { createReextraction } = await import('./reextraction.js');
      return createReextraction({ ...stores, bodies, hashKey });
    },
    exportWarc: async () => {
      const { createExportWarc } = await import('./warc.js');
      return createExportWarc({ ...stores, bodies, hashKey });
    },
    jobs,
    histories: new JobHistories({
      ...{ eventLog: log.eventLog, fetchQueue: log.fetchQueue, lease: log.lease, clock: systemClock },
      ...{ hashKey, shards: config.shards, isGone },
      look: (jobId, view) => jobs.look(jobId, view),
    }),
    proxies,
    proxyCheck,
    privateTargets,
    hashKey,
    holder: holderName(),
    natsSync,
    natsUrl,
    databaseUrl,
    database,
    close: async () => {
      await opened?.then(
        (open) => open.close(),
        () => undefined,
      );
      await log.close();
      await servers.release();
    },
  };
}

async function checkRoom({ home }: EngineConfig): Promise<void> {
  const free = await diskRoom(existsSync(home) ? home : dirname(home)).freeBytes();
  if (free !== null && free < MIN_FREE_BYTES)
    throw new SpoorError('store_unavailable', 'The disk under SPOOR_HOME is nearly full.', {
      field: 'SPOOR_HOME',
      hint: 'Make room, or choose a folder on another disk; nothing is lost.',
    });
}

async function connectDatabase(url: string): Promise<OpenDatabase> {
  const { openDatabase } = await import('#libs/adapters/postgres');
  const open = await openDatabase(url);
  await open.migrate();
  return open;
}

function holderName(): string {
  const { pid, identity } = thisProcess();
  return `${hostname()}/${pid}/${identity}`;
}

/** A holder of this machine whose process is gone: waiting for its lease to end would be waiting for nobody. */
export function isGone(holder: string): boolean {
  const [host, pid, identity] = holder.split('/');
  return host === hostname() && !isRunning({ pid: Number(pid), identity: identity ?? '' });
}
