import { isUnreadable, type LogEntry, type StoredEvent } from '#libs/events';
import { heldBackUrls, pageIdOf } from '../rows-of-outcome.js';
import { isSettled, type FoldState } from './state.js';

export interface NamedPage {
  url: string;
  pageId: string;
}

/** An entry and the ids of the pages that it names, worked out once. */
export interface Step {
  entry: LogEntry;
  /** Page of a page fact. */
  pageId: string | null;
  /** Pages that a requeue opens, or that a skip pattern held back on this page. */
  others: NamedPage[];
}

/** Held-back links that are recorded already: the same ones stand on every page of a site. */
export interface KnownHeldBack {
  has(pageKey: string): boolean;
}

export const heldBackKey = (jobId: string, generation: number, url: string): string =>
  `${jobId} ${generation} ${url}`;

const nothingKnown: KnownHeldBack = { has: () => false };

export const jobIdsOf = (entries: readonly LogEntry[]): string[] => [
  ...new Set(entries.map((entry) => entry.jobId).filter((id) => id !== null)),
];

/** @param jobs present rows of the batch's jobs: the generation that a requeue speaks of is the one at its place in the log */
export function plan(
  entries: readonly LogEntry[],
  jobs: FoldState['jobs'],
  known: KnownHeldBack = nothingKnown,
): Step[] {
  const generations = new Map<string, number>();
  return entries.map((entry): Step => {
    if (isUnreadable(entry)) return { entry, pageId: null, others: [] };
    const { jobId } = entry;
    switch (entry.type) {
      case 'PageFetched':
        return { entry, pageId: idOf(entry), others: heldBack(entry, known) };
      case 'FetchFailed':
      case 'FetchRetried':
      case 'PageSkipped':
      case 'ItemsReextracted':
        return { entry, pageId: idOf(entry), others: [] };
      case 'JobRestarted':
        generations.set(jobId, entry.data.generation);
        return { entry, pageId: null, others: [] };
      case 'PagesRequeued': {
        const generation = generations.get(jobId) ?? jobs.get(jobId)?.generation ?? 1;
        const named = (url: string): NamedPage => ({ url, pageId: pageIdOf(jobId, generation, url) });
        return { entry, pageId: null, others: entry.data.urls.map(named) };
      }
      default:
        return { entry, pageId: null, others: [] };
    }
  });
}

export function pageIdsOf(steps: readonly Step[]): string[] {
  const ids = new Set<string>();
  for (const { pageId, others } of steps) {
    if (pageId !== null) ids.add(pageId);
    for (const other of others) ids.add(other.pageId);
  }
  return [...ids];
}

/** Held-back links of a folded batch that need not be looked at again. */
export function settledKeys(steps: readonly Step[], pages: FoldState['pages']): string[] {
  const keys: string[] = [];
  for (const { entry, others } of steps) {
    if (isUnreadable(entry) || entry.type !== 'PageFetched') continue;
    for (const { url, pageId } of others) {
      const page = pages.get(pageId);
      if (page && isSettled(page)) keys.push(heldBackKey(entry.jobId, entry.data.generation, url));
    }
  }
  return keys;
}

const idOf = ({ jobId, data }: { jobId: string; data: { generation: number; url: string } }): string =>
  pageIdOf(jobId, data.generation, data.url);

function heldBack(event: StoredEvent<'PageFetched'>, known: KnownHeldBack): NamedPage[] {
  const { jobId } = event;
  const { generation } = event.data;
  return heldBackUrls(event)
    .filter((url) => !known.has(heldBackKey(jobId, generation, url)))
    .map((url) => ({ url, pageId: pageIdOf(jobId, generation, url) }));
}
