export { type ExplainedFailure, type JobExplanation } from './explain-job.js';
export type { JobDiff, PageList } from './job-diff.js';
export { JobHistories, type JobHistoriesDeps } from './job-histories.js';
export { firstSeqAt, lastSeqAt, parseMoment, type Moment } from './moment.js';
export { readHistory, type HistoryRange, type ReadEvents } from './read-history.js';
export {
  eventsOfJob,
  parseEventTypes,
  sequencesBetween,
  wantedBy,
  type EventFilter,
} from './event-filter.js';
export type { Wait } from './waits.js';
