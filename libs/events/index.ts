export { defineEvent, type EventDefinition, type EventFamily } from './define.js';
export {
  catalogue,
  isEventType,
  type EventData,
  type EventType,
  type JobEventType,
  type PageEventType,
} from './catalogue.js';
export {
  isUnreadable,
  type EventHandlers,
  type JobEvent,
  type LogEntry,
  type NewEvent,
  type NewJobEvent,
  type NewPageEvent,
  type PageEvent,
  type StoredEvent,
  type UnreadableEvent,
} from './event.js';
export { eventLine, parseEventLine } from './event-line.js';
export { eventSummary } from './event-summary.js';
export { storedBodiesOf } from './stored-bodies.js';
export { toPresent } from './to-present.js';
export {
  accountCatalogue,
  isAccountEventType,
  type AccountEvent,
  type AccountEventData,
  type AccountEventType,
  type AccountHandlers,
  type NewAccountEvent,
} from './accounts/catalogue.js';
export { SCOPES, TIERS } from './accounts/key-created.js';
export {
  isJobId,
  itemsEventId,
  jobEventId,
  jobId,
  pageEventId,
  pageKey,
  pageKeyOf,
  rowId,
  shardOf,
} from './ids.js';
export * as subjects from './subjects.js';
export { canonicalUrl, fromLink, hostOf, isOfOrigin, originOf, parseUrl, toLink } from './url.js';
export type {
  BodyRef,
  ExtractedItem,
  FetchTiming,
  PageLinks,
  RedirectStep,
  Rendering,
  RobotsVerdict,
} from './shared-schemas.js';
export type { BatchUrl, ScrapeBatch } from './scrape-batch.js';
export type { ExtractionRules } from './extraction-rules.js';
export {
  browser as browserSpec,
  isSharedVariable,
  jobSpec,
  jobSpecChanges,
  resolvedJobSpec,
  type BrowserSpec,
  type FieldRule,
  type FollowRule,
  type JobSpec,
  type JobSpecChanges,
  type JobSpecInput,
  type ProxySpec,
  type Stage,
} from './job-spec.js';
