export { describeError } from './describe-error.js';
export { backupLog, restoreLog, type BackupManifest, type RestoreOptions } from './backup/index.js';
export { Coordinator, type CoordinatorDeps, type CoordinatorOptions } from './coordinator/index.js';
export {
  appendDecision,
  JobService,
  type CommandAnswer,
  type CommandOptions,
  type ForkAnswer,
  type ForkOptions,
  type JobReport,
  type JobServiceDeps,
  type RequeueAnswer,
  type RequeueOptions,
  type ResumeAnswer,
  type ResumeOptions,
  type ResumePlan,
} from './jobs/index.js';
export type { WarcReport } from './warc/index.js';
export type { ReextractOptions, ReextractReport } from './reextraction/index.js';
export { RemoveJob, RetentionSweep, type RemoveJobDeps, type RetentionOptions } from './retention/index.js';
export {
  eventsOfJob,
  JobHistories,
  parseEventTypes,
  parseMoment,
  readHistory,
  sequencesBetween,
  wantedBy,
  type EventFilter,
  type ExplainedFailure,
  type HistoryRange,
  type JobDiff,
  type JobExplanation,
  type JobHistoriesDeps,
  type Moment,
  type PageList,
  type ReadEvents,
  type Wait,
} from './histories/index.js';
export {
  explainPage,
  outcomeAt,
  pageAttempts,
  type PageAttempt,
  type PageExplanation,
  type PageHistory,
} from './pages/index.js';
export { JobResults, type JobSummary, type ResultLine } from './results/index.js';
export {
  type AgainstLive,
  Projector,
  projectionStatus,
  rebuildReadModels,
  replayAgainstLive,
  replayTables,
  unparkJobs,
  verifyReadModels,
  type ProjectionStatus,
  type ProjectorDeps,
  type ProjectorOptions,
  type ProjectorStatus,
  type RebuildOptions,
  type RebuildProgress,
  type ReplayOptions,
  type Retried,
  type Verification,
} from './projector/index.js';
export { isError, verifyLog, type LogFinding, type ShardReport, type VerifyReport } from './verify/index.js';
