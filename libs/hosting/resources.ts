import { hostname } from 'node:os';
import type { JetStreamHandle } from '#libs/adapters/jetstream';
import type { PromMetrics } from '#libs/adapters/metrics';
import type { OpenDatabase } from '#libs/adapters/postgres';
import type { FilePrivateTargets } from '#libs/adapters/private-targets';
import { isRunning } from '#libs/adapters/servers';
import type { EngineConfig } from '#libs/config';
import type { JobHistories } from '#libs/engine/histories';
import type { JobService } from '#libs/engine/jobs';
import type { BodyArchive, Clock, Logger, ProxyCheck, ProxyResolver } from '#libs/engine/ports';
import type { Reextraction } from '#libs/engine/reextraction';
import type { RemoveJob } from '#libs/engine/retention';
import type { HashKey } from '#libs/job';
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

/** A holder of this machine whose process is gone: waiting for its lease to end would be waiting for nobody. */
export function isGone(holder: string): boolean {
  const [host, pid, identity] = holder.split('/');
  return host === hostname() && !isRunning({ pid: Number(pid), identity: identity ?? '' });
}
