export {
  ConflictError,
  LogIdentityError,
  type Appended,
  type EventLog,
  type JobReadOptions,
  type LogBatch,
  type LogHead,
  type Position,
  type ReadOptions,
} from './event-log.js';
export {
  StaleReleaseError,
  type Delivery,
  type FetchQueue,
  type FetchTask,
  type PullHandle,
  type PullOptions,
  type QueuedBatch,
  type TaskBatch,
} from './fetch-queue.js';
export type { FetchOutcome, FetchProblem, FetchRequest, FetchedResponse, Fetcher } from './fetcher.js';
export type {
  BrowserEgress,
  BrowserEgresses,
  BrowserEgressLimits,
  BrowserEgressOptions,
  EgressRefusal,
  RefusalKind,
} from './browser-egress.js';
export type { NoPage, RenderedPage, Renderer, RenderOutcome, RenderRequest } from './renderer.js';
export type { LogPurge } from './log-purge.js';
export type { Robots, RobotsQuestion } from './robots.js';
export type { Bodies, BodyArchive } from './bodies.js';
export type { BackupStore, WrittenFile } from './backup-store.js';
export type { ArchiveMember, JobArchive, SetAside } from './job-archive.js';
export type { LogArchive, Snapshot, SnapshotInfo, StreamSummary } from './log-archive.js';
export type { AuditedEntry, LogAudit, LogState } from './log-audit.js';
export type { PageParser, ParsedPage, ParseRequest } from './page-parser.js';
export type { ContentReader, ReadContent } from './content-reader.js';
export type { WarcRecords } from './warc-records.js';
export type { Clock } from './clock.js';
export type { CoordinatorReading, Metrics, WorkerReading } from './metrics.js';
export type { Logger } from './logger.js';
export type { PrivateTargets } from './private-targets.js';
export type { ProxyCheck, ProxyProblem } from './proxy-check.js';
export type { ProxyChoice, ProxyEndpoint, ProxyResolver, ProxyRoute } from './proxy.js';
export { ProxyFailedError } from './proxy-failed-error.js';
export type { Room } from './room.js';
export type { Lease } from './lease.js';
export type { Allowance, Copies, LastDecisions, LogInspection, QueueUse } from './log-inspection.js';
export type { JobProgress, ProgressFeed } from './progress.js';
export type {
  Cursor,
  EvidenceRow,
  ItemFilter,
  ItemRow,
  JobRow,
  JobFilter,
  PageFilter,
  PageRow,
  ReadModels,
  SkippedPage,
} from './read-models.js';
export {
  StaleCheckpointError,
  UnstorableError,
  type BulkLoad,
  type Commit,
  type ParkedJob,
  type ProjectedState,
  type ProjectionStore,
  type RebuildTarget,
  type RowSnapshot,
} from './projection-store.js';
export type { AccountBatch, AccountLog, AccountReadOptions } from './account-log.js';
export type { KeyHasher } from './key-hasher.js';
export type { Limit, LimitVerdict, RateLimits } from './rate-limits.js';
export type { TargetCheck } from './target-check.js';
export type { UsageFilter, UsageHour, UsageMove, UsageStore } from './usage.js';
export type { PaymentVerifier } from './payment-verifier.js';
export type { JsonEndpoint } from './json-endpoint.js';
export {
  NodeUnavailableError,
  type NodeDesk,
  type NodeRoute,
  type NodeTrouble,
  type ScrapeNode,
  type ScrapeNodes,
} from './scrape-nodes.js';
export {
  BrowserFault,
  type BrowserContext,
  type BrowserFaultKind,
  type BrowserOptions,
  type BrowserRedirect,
  type Browsers,
  type BrowserTab,
  type ContextOptions,
  type Navigation,
  type PageContent,
  type RunningBrowser,
} from './browser.js';
export {
  HiveCallError,
  type HeartbeatFeed,
  type HiveEnd,
  type HiveMetrics,
  type HiveWorkers,
  type RenderReport,
  type RenderWish,
  type WorkerAnswer,
  type WorkerRequest,
} from './hive.js';
