import type { Writable } from 'node:stream';
import type { Seal } from '#libs/adapters/system';
import type { Webhooks } from '#libs/webhooks';
import type { HealthWatch } from '#libs/engine/health';
import type { ApiKey } from '#libs/accounts';
import type { JobHistories } from '#libs/engine/histories';
import type { JobService } from '#libs/engine/jobs';
import type {
  AgainstLive,
  ProjectionStatus,
  RebuildOptions,
  ReplayOptions,
  Verification,
} from '#libs/engine';
import type {
  Bodies,
  EventLog,
  Logger,
  ProgressFeed,
  QueueUse,
  ReadModels,
  UsageStore,
} from '#libs/engine/ports';
import type { ScrapeBatches, ScrapeService } from '#libs/engine/scrape';
import type { PricingAnswer } from './scrape/schemas.js';

export interface ApiConfig {
  /** Address to bind; on a loopback address only requests for loopback names are answered. */
  host: string;
  /** Further names under which the api may be addressed, without port. */
  allowedHosts?: readonly string[];
  /** Addresses of proxies in front of the api, whose X-Forwarded-For is believed; default none. */
  trustedProxies?: readonly string[];
  /** Number of shards of the event log. */
  shards: number;
  /** Bytes of a request body; default 64 MiB, room for a million start URLs. */
  bodyLimitBytes?: number;
  /** Silence after which a live stream gets a comment; default 15 s. */
  heartbeatMs?: number;
  /** How long a closing server waits for answers that are under way; default 3 s. */
  shutdownGraceMs?: number;
}

export type ApiLog = Pick<Logger, 'warn' | 'error'>;

export interface ApiMetrics {
  readonly contentType: string;
  text(): Promise<string>;
  /** @param request.route the pattern of the route @param request.ms until the answer was sent */
  apiAnswered(request: { method: string; route: string; status: number; ms: number }): void;
}

/** Everything the api stands on; the host brings it and closes it after the app. */
export interface ApiDeps {
  eventLog: EventLog;
  readModels: ReadModels;
  jobs: Pick<
    JobService,
    | 'start'
    | 'pause'
    | 'stop'
    | 'resume'
    | 'planResume'
    | 'restart'
    | 'state'
    | 'look'
    | 'report'
    | 'requeue'
    | 'planRequeue'
    | 'fork'
    | 'remove'
  >;
  histories: Pick<JobHistories, 'explain' | 'at' | 'diff' | 'proof'>;
  /** How far the read models of a shard are. */
  projection: (shard: number) => Promise<ProjectionStatus>;
  /** Whether the read models are what the log makes of them; aborts with an AbortError. */
  verify?: (options: Pick<RebuildOptions, 'signal' | 'onProgress'>) => Promise<Verification>;
  /** What differs between a job's live rows and those that its history gives. */
  replayAgainstLive?: (jobId: string, options: ReplayOptions) => Promise<AgainstLive>;
  /** Writes a job as an archive to where `begin` says, once it cannot be refused any more. */
  exportJob?: (jobId: string, options: ExportToStream) => Promise<unknown>;
  progress: ProgressFeed;
  /** Stored response bodies; without it none is served. */
  bodies?: Pick<Bodies, 'get'>;
  /** What readiness tells of. */
  health: Pick<HealthWatch, 'look'>;
  /** The scrape endpoint; without it there is none. */
  scrape?: ScrapeApi;
  /** What is told to Prometheus; only on a loopback address. */
  metrics?: ApiMetrics | undefined;
  /** Deliveries to other services; without it there are none. */
  webhooks?: Webhooks;
  /** Tasks of a shard and whether anybody takes them; without it nothing is told of workers. */
  queue?: (shard: number) => Promise<QueueUse>;
  /** Of what browsers carry; default: one of this process alone. */
  seal?: Seal;
  config: ApiConfig;
  log?: ApiLog;
}

export interface ExportToStream {
  withBodies: boolean;
  begin: () => Writable;
  signal: AbortSignal;
}

/** What `/api/v1` stands on. */
export interface ScrapeApi {
  service: Pick<ScrapeService, 'scrape'>;
  batches: Pick<ScrapeBatches, 'start' | 'keyOf' | 'look' | 'results' | 'follow'>;
  findKey: (presented: string) => Promise<ApiKey | null>;
  usage: () => Promise<UsageStore>;
  pricing: PricingAnswer;
}

/** Injection token of `ApiDeps`. */
export const API_DEPS = Symbol('ApiDeps');
/** Injection token of `ScrapeApi`. */
export const SCRAPE_DEPS = Symbol('ScrapeApi');
