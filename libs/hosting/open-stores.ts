import { hostname } from 'node:os';
import { join } from 'node:path';
import { createFileBodies } from '#libs/adapters/bodies';
import type { ProxyCheckOptions } from '#libs/adapters/egress';
import { connectLog } from '#libs/adapters/jetstream';
import type { OpenDatabase } from '#libs/adapters/postgres';
import { createPrivateTargets } from '#libs/adapters/private-targets';
import { createProxyResolver } from '#libs/adapters/proxy-config';
import { thisProcess, type AcquiredServers } from '#libs/adapters/servers';
import { currentTraceparent, newHashKey, newId, systemClock } from '#libs/adapters/system';
import type { createLogger, EngineConfig } from '#libs/config';
import { JobHistories } from '#libs/engine/histories';
import { JobService } from '#libs/engine/jobs';
import type { ProxyCheck } from '#libs/engine/ports';
import { RemoveJob } from '#libs/engine/retention';
import { SpoorError } from '#libs/failures';
import { durabilityFindings } from './durability.js';
import { isGone, type ResourceOptions, type Resources } from './resources.js';

/** Connects to servers that run, which it releases when what it gives is closed. @throws SpoorError store_unavailable */
export async function openStores(
  config: EngineConfig,
  { name, only, evenHalfRestored = false, metrics }: ResourceOptions,
  { servers, logger }: { servers: AcquiredServers; logger: ReturnType<typeof createLogger> },
): Promise<Resources> {
  const { natsUrl, databaseUrl } = servers;
  const log = await connectLog({
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
  const proxyCheck = lateProxyCheck({
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

/** With the way to the outside, which most processes that command jobs have no use for: loaded at the first job with a proxy. */
function lateProxyCheck(options: ProxyCheckOptions): ProxyCheck {
  let loading: Promise<ProxyCheck> | null = null;
  const load = async (): Promise<ProxyCheck> =>
    (await import('#libs/adapters/egress')).createProxyCheck(options);
  return {
    check: async (...args) => (await (loading ??= load())).check(...args),
  };
}
