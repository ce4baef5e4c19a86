export { JobActivity, type ActivityMark, type ActivityPoint, type HostActivity } from './activity.js';
export { resolveRules, withRules, type Extraction } from './extraction.js';
export { ItemsDiff, type FieldChanges, type ItemsReport } from './items-diff.js';
export { copyOf, type CopiedRange } from './copy.js';
export {
  decide,
  type Because,
  type CopiedHistory,
  type DecidedEvent,
  type Decision,
  type JobCommand,
  type ProxyFailure,
  type ReextractedCounts,
} from './decide.js';
export type { Entry, FrontierCounts, Outcome, StageCounts } from './entry.js';
export { FailureLedger, type CodeCount, type FirstFailure } from './failure-ledger.js';
export { Frontier } from './frontier.js';
export { jobAt, jobChanges, type JobAt } from './job-at.js';
export { JobProof, type JobProofReport, type RunProof } from './proof/job-proof.js';
export { pageSet, type PageSet } from './proof/page-set.js';
export {
  doneByStage,
  positionOf,
  remainingByStage,
  resumedFrom,
  type JobPosition,
  type ResumedFrom,
} from './position.js';
export { specDiff, type SpecChange } from './spec-diff.js';
export { countsAsOutcome, type OutcomeQuestion } from './outcome-rule.js';
export {
  pageFilter,
  resolveSelection,
  urlTest,
  type PageFilterSpec,
  type PageSelection,
} from './page-filter.js';
export { pageOfRange, resolveChanges, resolveSpec } from './resolve-spec.js';
export { Scope, scopeOf, type ScopeVerdict } from './scope.js';
export { ENOUGH_TEXT, scriptShell, type PageFacts } from './script-shell.js';
export { slowDownOf } from './slow-down.js';
export {
  evolve,
  foldDecisions,
  ownerIn,
  statusAfter,
  withChanges,
  type JobError,
  type JobState,
  type JobStatus,
} from './state.js';
export { UrlHasher, type HashKey } from './url-hasher.js';
export { UrlTable } from './url-table.js';
export { pageNumberOf, proxyFailure, type FailedTry } from './proxy-failure.js';
