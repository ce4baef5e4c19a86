export { hiveCodeOf, hiveCodes, type ClientRetry, type HiveCode, type HiveProblem } from './codes.js';
export { errorPage, failureOfNetError, hidesReason, netErrorOf } from './net-errors.js';
export { brief, problems, type ContextFigures } from './problems.js';
export {
  isProblem,
  MAX_WAIT_MS,
  readRequest,
  urlProblem,
  WAIT_GRACE_MS,
  waitStrategies,
  type PageFields,
  type PageRequest,
  type RequestDefaults,
  type WaitStrategy,
} from './request.js';
export {
  megabytes,
  SCOPE_NAME,
  scopeConfig,
  scopesFile,
  sessionRules,
  type ScopeConfig,
  type SessionRules,
} from './scope.js';
export {
  isWorkerId,
  recycleReason,
  sessionIdOf,
  splitSessionId,
  type ContextAge,
  type RecycleReason,
} from './session.js';
export {
  FORGET_MS,
  FRESH_MS,
  freeSlots,
  heartbeat,
  isFresh,
  MAX_ATTEMPTS,
  mayRetry,
  pickWorker,
  RETRY_NEEDS_MS,
  type Heartbeat,
  type KnownWorker,
} from './workers.js';
