import type { z } from 'zod';
import { FetchFailed } from './catalogue/fetch-failed.js';
import { FetchRetried } from './catalogue/fetch-retried.js';
import { ItemsReextracted } from './catalogue/items-reextracted.js';
import { JobCompleted } from './catalogue/job-completed.js';
import { JobForked } from './catalogue/job-forked.js';
import { JobImported } from './catalogue/job-imported.js';
import { JobPaused } from './catalogue/job-paused.js';
import { JobRemoved } from './catalogue/job-removed.js';
import { JobRestarted } from './catalogue/job-restarted.js';
import { JobResumed } from './catalogue/job-resumed.js';
import { JobStarted } from './catalogue/job-started.js';
import { JobStopped } from './catalogue/job-stopped.js';
import { PageFetched } from './catalogue/page-fetched.js';
import { PageSkipped } from './catalogue/page-skipped.js';
import { PagesRequeued } from './catalogue/pages-requeued.js';
import { ProxyFailed } from './catalogue/proxy-failed.js';
import { ReextractionCompleted } from './catalogue/reextraction-completed.js';
import { ReextractionStarted } from './catalogue/reextraction-started.js';

/** Every event there is. A new one is one file beside the others and one line here; the compiler names the rest. */
export const catalogue = {
  JobStarted,
  JobPaused,
  JobStopped,
  ProxyFailed,
  JobResumed,
  JobRestarted,
  PagesRequeued,
  JobCompleted,
  JobForked,
  JobImported,
  ReextractionStarted,
  ReextractionCompleted,
  JobRemoved,
  PageFetched,
  FetchFailed,
  FetchRetried,
  PageSkipped,
  ItemsReextracted,
} as const;

export type EventType = keyof typeof catalogue;
export type EventData<T extends EventType = EventType> = z.output<(typeof catalogue)[T]['data']>;

type OfFamily<F> = { [T in EventType]: (typeof catalogue)[T]['family'] extends F ? T : never }[EventType];
export type JobEventType = OfFamily<'job'>;
export type PageEventType = OfFamily<'page'>;

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(catalogue, type);
}
