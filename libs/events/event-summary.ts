import type { EventType } from './catalogue.js';
import { isUnreadable, type LogEntry, type StoredEvent } from './event.js';

/** What matters of an event to somebody who looks through a history: one line of plain text, with what sites wrote as it came. */
export function eventSummary(entry: LogEntry): string {
  return isUnreadable(entry) ? `${entry.type ?? ''} ${entry.reason}` : tell(entry);
}

function tell<T extends EventType>(event: StoredEvent<T>): string {
  // The key of a mapped type and the event it belongs to are correlated, which the compiler cannot follow.
  const told = TELL[event.type] as (event: StoredEvent<T>) => string;
  const reason = 'reason' in event.data ? event.data.reason : undefined;
  const copied = 'copiedFrom' in event.data && event.data.copiedFrom ? 'copied: ' : '';
  return `${copied}${told(event)}${typeof reason === 'string' ? `  (${reason})` : ''}`;
}

const ms = (of: number): string => `${(of / 1000).toFixed(of < 10_000 ? 2 : 0)} s`;
const status = (code: number): string => (code === 0 ? ' – ' : String(code).padStart(3));
const sum = (of: Record<string, number> | undefined): number =>
  Object.values(of ?? {}).reduce((a, b) => a + b, 0);
const change = ({ field, from, to }: { field: string; from: unknown; to: unknown }): string =>
  `${field} ${JSON.stringify(from)} → ${JSON.stringify(to)}`;
/** `1 link`, `2 links`. */
const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
const list = (parts: (string | false | null | undefined)[]): string => parts.filter(Boolean).join(', ');

const TELL: { [T in EventType]: (event: StoredEvent<T>) => string } = {
  JobStarted: ({ data: { spec, start } }) =>
    list([
      spec.name,
      start[0] && `${start[0]}${start.length > 1 ? ` and ${start.length - 1} more` : ''}`,
      spec.pages && `pages ${spec.pages.from} to ${spec.pages.to} of ${spec.pages.template}`,
    ]),
  JobPaused: ({ data }) => `run ${data.run}, by the ${data.by}`,
  JobStopped: ({ data }) => `run ${data.run}`,
  ProxyFailed: ({ data }) =>
    `${data.code}: ${data.message}  ${data.url}${data.page === null ? '' : ` (page ${data.page})`}`,
  JobResumed: ({ data }) =>
    list([
      `run ${data.run}`,
      data.done && `${count(sum(data.done), 'page')} done, ${sum(data.remaining)} remain`,
      data.nextPage != null && `next page ${data.nextPage}`,
      ...(data.diff ?? []).map(change),
    ]),
  JobRestarted: ({ data }) => `run ${data.run}, generation ${data.generation}: every page again`,
  PagesRequeued: ({ data }) =>
    `run ${data.run}, ${data.urls.length === 0 ? 'pages' : count(data.urls.length, 'page')} again, asked for by ${
      Object.keys(data.filter).length > 0 ? JSON.stringify(data.filter) : 'their URLs'
    }`,
  JobCompleted: ({ data: { run, because, pages } }) =>
    `run ${run}, ${because}: ${pages.fetched} fetched, ${pages.failed} failed, ${pages.skipped} skipped, ${pages.open} open`,
  JobForked: ({ data: { run, parent, events, diff } }) =>
    list([
      `run ${run}, from ${parent.jobId} at ${parent.seq}, ${count(events, 'event')}`,
      ...(diff ?? []).map(change),
    ]),
  JobImported: ({ data: { from, events, bodies } }) =>
    `${count(events, 'event')} and ${bodies === 1 ? '1 body' : `${bodies} bodies`} of ${from.jobId}, up to ${from.seq}`,
  ReextractionStarted: ({ data: { version, rules } }) =>
    `version ${version} of the items, stages ${rules.map(({ name }) => name).join(', ')}`,
  ReextractionCompleted: ({ data: { version, pages, items, withoutBody } }) =>
    list([
      `version ${version}: ${count(items, 'item')} of ${count(pages, 'page')}`,
      withoutBody > 0 && `${withoutBody} without a body`,
    ]),
  ItemsReextracted: ({ data: { url, version, items } }) =>
    `     ${url}  version ${version}, ${count(items.length, 'item')}`,
  JobRemoved: () => 'what was before it may be purged',
  PageFetched: ({ data }) => {
    const links = Object.values(data.links.follow).reduce((n, found) => n + found.length, 0);
    const more = list([
      data.run > 1 && `run ${data.run}`,
      data.attempt > 1 && `attempt ${data.attempt}`,
      data.redirects.length > 0 && `${count(data.redirects.length, 'redirect')} to ${data.finalUrl}`,
      data.robots.policy !== 'ignore' && !data.robots.allowed && `robots.txt: ${data.robots.reason}`,
      links > 0 && count(links, 'link'),
      data.items.length > 0 && count(data.items.length, 'item'),
      ms(data.timing.durationMs),
      data.error,
    ]);
    return `${status(data.statusCode)}  ${data.url}  ${more}`;
  },
  FetchFailed: ({ data }) =>
    `${status(data.statusCode)}  ${data.url}  ${data.code}: ${data.message}, attempt ${data.attempt}`,
  FetchRetried: ({ data }) =>
    `${status(data.statusCode)}  ${data.url}  ${list([
      `${data.code}: ${data.message}`,
      data.burned ? `attempt ${data.attempt}` : 'no attempt spent',
      `again in ${ms(data.delayMs)}`,
      data.retryAfterMs !== undefined && `Retry-After ${ms(data.retryAfterMs)}`,
    ])}`,
  PageSkipped: ({ data }) =>
    `${status(0)}  ${data.url}  ${data.code}: ${data.message}${data.rule === null ? '' : ` (${data.rule})`}`,
};
