import { fromLink, originOf } from '#libs/events';
import type { EventData, StoredEvent } from '#libs/events';

/** One line of the result file: a page row as people want it. `links` only without extraction rules, `items` only with. */
export interface ResultLine {
  url: string;
  finalUrl: string;
  statusCode: number;
  depth: number;
  title: string | null;
  h1: string | null;
  stage?: string;
  links?: string[];
  items?: Record<string, unknown>[];
  /** Why there is no usable response, or how its attempts ended. */
  error?: string;
  errorCode?: string;
}

function linksOf({ links, finalUrl }: EventData<'PageFetched'>): string[] {
  const origin = originOf(finalUrl);
  return [...Object.values(links.follow), ...Object.values(links.skip)]
    .flat()
    .map((link) => fromLink(link, origin));
}

/** @param extracts whether the job has extraction rules */
export function resultLine(event: StoredEvent<'PageFetched' | 'FetchFailed'>, extracts: boolean): ResultLine {
  const { url, finalUrl, statusCode, depth, stage } = event.data;
  const line: ResultLine = { url, finalUrl, statusCode, depth, title: null, h1: null };
  if (extracts) line.stage = stage;
  if (event.type === 'FetchFailed') {
    if (extracts) line.items = [];
    else line.links = [];
    return { ...line, error: event.data.message, errorCode: event.data.code };
  }
  const { title, h1, error, items } = event.data;
  Object.assign(line, { title, h1 });
  if (extracts) line.items = items.map((item) => item.data);
  else line.links = linksOf(event.data);
  return error === null ? line : { ...line, error };
}
