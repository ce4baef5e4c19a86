export { Projector, type ProjectorOptions, type ProjectorStatus } from './projector.js';
export { projectionStatus, type ProjectionStatus } from './projection-status.js';
export { rebuildReadModels, type RebuildOptions, type RebuildProgress } from './rebuild.js';
export type { ProjectorDeps } from './shard-fold.js';
export { unparkJobs, type Retried } from './retry-parked.js';
export {
  replayAgainstLive,
  replayTables,
  type AgainstLive,
  type Replayed,
  type ReplayOptions,
} from './replay-job.js';
export { verifyReadModels, type Verification } from './verify.js';
