import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createBrowsers } from '#libs/adapters/browser';
import { createBrowserEgresses } from '#libs/adapters/egress';
import { createHiveWorkers } from '#libs/adapters/hive-grpc';
import { connectHeartbeats, type HeartbeatHandle } from '#libs/adapters/jetstream';
import { HivePromMetrics } from '#libs/adapters/metrics';
import { createPrivateTargets } from '#libs/adapters/private-targets';
import { createProxyResolver } from '#libs/adapters/proxy-config';
import { acquireServers, cacheDir } from '#libs/adapters/servers';
import { systemClock } from '#libs/adapters/system';
import { createLogger, type EngineConfig, type HiveConfig } from '#libs/config';
import { finding, type Finding } from '#libs/engine/health';
import { HiveCoordinator, HiveWorker } from '#libs/engine/hive';
import type { Clock, HeartbeatFeed, Logger } from '#libs/engine/ports';

/** Largest message of a call or an answer, bytes. */
export const MAX_MESSAGE_BYTES = 16 * 2 ** 20;
const CONNECT_MS = 5000;

/** A worker with the port that it is reached at. */
export interface HostedWorker {
  worker: HiveWorker;
  port: number;
  /** As it is told to coordinators. */
  address: string;
}

/** What the browser service stands on: core NATS, Chromium, and the one way to the outside. */
export interface HiveResources {
  readonly config: HiveConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly coordinator: HiveCoordinator | null;
  readonly workers: readonly HostedWorker[];
  readonly metrics: HivePromMetrics;
  /** Null: all are in this process. */
  readonly feed: HeartbeatFeed | null;
  /** Whether NATS is there, where it is needed. */
  readonly connected: boolean;
  /** What keeps it from its work. */
  findings(): Finding[];
  close(): Promise<void>;
}

export interface HiveOptions {
  config: EngineConfig;
  hive: HiveConfig;
}

/** @throws SpoorError store_unavailable */
export async function openHive({ config, hive }: HiveOptions): Promise<HiveResources> {
  const logger = createLogger('hive', { level: config.logLevel });
  const nats = hive.alone ? null : await connect(config);
  const metrics = new HivePromMetrics().withProcess();
  const proxies = createProxyResolver({
    env: hive.proxyUrl === null ? process.env : { ...process.env, PROXY_URL: hive.proxyUrl },
    cwd: process.cwd(),
    home: config.home,
  });
  const egresses = createBrowserEgresses({ allowPrivate: config.allowPrivate, proxies });
  const browsers = createBrowsers({
    chromium: hive.chromium,
    caches: [cacheDir(config.home)],
    sandbox: hive.sandbox,
    logger,
  });
  // A call names the job that it is for: without a key anybody could name one that may reach what is private.
  const privateTargets =
    hive.key === null
      ? { of: () => [] }
      : createPrivateTargets({ dir: join(config.home, 'private-targets') });
  const ids = {
    newContextId: () => `ctx-${randomBytes(18).toString('base64url')}`,
    newRayId: () => `ray_${randomUUID()}`,
  };
  const common = { clock: systemClock, logger, metrics, ...ids };
  const calls = createHiveWorkers({ key: hive.key, maxMessageBytes: MAX_MESSAGE_BYTES });
  const scopes = Object.entries(hive.scopes);
  const name =
    hive.workerId ??
    `${hostname()
      .replace(/[^A-Za-z0-9-]/g, '-')
      .slice(0, 63)}-${randomBytes(4).toString('hex')}`;
  const workers = !hive.roles.includes('worker')
    ? []
    : scopes.map(([scope, scopeConfig], i): HostedWorker => {
        const workerId = scopes.length === 1 ? name : `${name}-${scope}`;
        const worker = new HiveWorker(
          { ...common, browsers, egresses, privateTargets },
          { workerId, scope, config: scopeConfig, keyless: hive.key === null },
        );
        const port = hive.workerPort + i;
        return { worker, port, address: `${hive.advertise ?? reachable(hive.host)}:${port}` };
      });
  const timeoutMs = Math.max(...scopes.map(([, { timeoutSeconds }]) => timeoutSeconds * 1000));
  const coordinator = hive.roles.includes('coordinator')
    ? new HiveCoordinator({ ...common, workers: calls }, { scopes: Object.keys(hive.scopes), timeoutMs })
    : null;
  metrics.watch(
    () =>
      workers.map(({ worker }) => ({
        scope: worker.options.scope,
        browser: !worker.health.trouble,
        ...worker.figures,
      })),
    coordinator,
  );
  return {
    ...{ config: hive, logger, clock: systemClock, coordinator, workers, metrics },
    feed: nats?.handle.feed ?? null,
    get connected() {
      return nats?.handle.connected ?? true;
    },
    findings: () => [
      ...workers
        .filter(({ worker }) => worker.health.trouble)
        .map(({ worker }) =>
          finding(
            'no_browser',
            `No browser starts for the scope ${worker.options.scope}: ${worker.health.message}`,
          ),
        ),
      ...(nats && !nats.handle.connected && coordinator?.liveWorkers === 0
        ? [finding('nats_unavailable', 'Without NATS no worker is found.')]
        : []),
    ],
    close: async () => {
      calls.close();
      await egresses.close();
      await nats?.close();
    },
  };
}

/** An address to listen on that stands for all is none to be called at. */
const reachable = (host: string): string => (host === '0.0.0.0' || host === '::' ? hostname() : host);

async function connect(config: EngineConfig): Promise<{ handle: HeartbeatHandle; close(): Promise<void> }> {
  const { natsUrl, release } = await acquireServers(config.home, {
    ...{
      natsUrl: config.natsUrl ?? undefined,
      only: 'nats' as const,
      logger: createLogger('hive', { level: config.logLevel }),
    },
  });
  try {
    const handle = await connectHeartbeats({
      ...{ url: natsUrl, name: 'spoor hive', connectTimeoutMs: CONNECT_MS },
      logger: createLogger('hive', { level: config.logLevel }),
    });
    return {
      handle,
      close: async () => {
        await handle.close();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}
