export type {
  EvidenceRecord,
  EvidenceRow,
  ItemRecord,
  ItemRow,
  JobRecord,
  JobRow,
  PageRecord,
  PageRow,
} from './rows.js';
export type { OutcomeEvent, OutcomeType } from './outcome.js';
export type { EvidenceContent, EvidenceKind } from './evidence/kind.js';
export { evidenceKinds } from './evidence/registry.js';
export { heldBackUrls, pageIdOf, rowsOfOutcome, type OutcomeRows } from './rows-of-outcome.js';
export type { Changes } from './fold/changes.js';
export { fold, type FoldOptions } from './fold/fold.js';
export { jobIdsOf, pageIdsOf, plan, settledKeys, type KnownHeldBack, type Step } from './fold/plan.js';
export {
  unknownPage,
  type FoldState,
  type PageMark,
  type PageState,
  type ParkedRecord,
} from './fold/state.js';
export { compareRows, type RowComparison, type RowDifference } from './replay/compare-rows.js';
export { JobReplay } from './replay/job-replay.js';
export { ReplayedTables, type ReplayPart } from './replay/replayed-tables.js';
export {
  canonicalText,
  compareKeys,
  TABLE_NAMES,
  tableRow,
  TABLES,
  type TableName,
  type TableRow,
} from './replay/tables.js';
export { PROJECTION_VERSION } from './version.js';
