import { fromLink, hostOf, originOf, rowId, type StoredEvent } from '#libs/events';
import { isFailureCode, type FailureCode } from '#libs/failures';
import { fetchErrorContent, SKIP_PATTERN_TEXT } from './evidence/fetch-error.js';
import type { EvidenceContent, EvidenceKind } from './evidence/kind.js';
import { evidenceKinds } from './evidence/registry.js';
import { isRobotsBlocked, type OutcomeEvent, type OutcomeType } from './outcome.js';
import type { EvidenceRecord, ItemRecord, PageRecord } from './rows.js';

export interface OutcomeRows {
  page: PageRecord | null;
  evidence: EvidenceRecord[];
  items: ItemRecord[];
}

export const pageIdOf = (jobId: string, generation: number, url: string): string =>
  rowId(jobId, generation, url, 'page');

/**
 * Everything that the read models keep of one outcome. Pure: the same event gives the same rows, ids included.
 * @param off kinds of evidence that the job does without
 * @param itemVersion whose rules the job extracts by
 */
export function rowsOfOutcome(
  event: OutcomeEvent,
  pageId: string,
  off: readonly string[] = [],
  itemVersion = 1,
): OutcomeRows {
  const evidence: EvidenceRecord[] = [];
  for (const kind of evidenceKinds) {
    if (off.includes(kind.type)) continue;
    const content = contentOf(kind, event);
    if (content) evidence.push(evidenceRow(event, event.data.url, pageId, kind.type, content));
  }
  if (event.type === 'PageFetched')
    return { page: fetchedPage(event, pageId), evidence, items: itemRows(event, pageId, itemVersion) };
  return { page: event.type === 'FetchFailed' ? failedPage(event, pageId) : null, evidence, items: [] };
}

/** Absolute URLs on a page that a skip pattern held back; other rules (another host, too deep) leave no evidence. */
export function heldBackUrls({ data }: OutcomeEvent<'PageFetched'>): string[] {
  const urls: string[] = [];
  for (const [rule, links] of Object.entries(data.links.skip)) {
    if (!rule.startsWith('exclude:')) continue;
    const origin = originOf(data.finalUrl);
    for (const link of links) urls.push(fromLink(link, origin));
  }
  return urls;
}

export const heldBackEvidence = (event: OutcomeEvent, url: string, pageId: string): EvidenceRecord =>
  evidenceRow(event, url, pageId, 'fetch_error', fetchErrorContent(SKIP_PATTERN_TEXT, 0));

function contentOf<T extends OutcomeType>(
  kind: EvidenceKind,
  event: OutcomeEvent<T>,
): EvidenceContent | null {
  // The key of a mapped type and the event it belongs to are correlated, which the compiler cannot follow.
  const from = kind.from[event.type] as ((event: OutcomeEvent<T>) => EvidenceContent | null) | 'ignored';
  return from === 'ignored' ? null : from(event);
}

function evidenceRow(
  { jobId, seq, data: { generation } }: OutcomeEvent,
  url: string,
  pageId: string,
  type: string,
  { content, metadata }: EvidenceContent,
): EvidenceRecord {
  const id = rowId(jobId, generation, url, type);
  return { id, jobId, generation, pageId, url, type, content, metadata, seq };
}

type Requested = OutcomeEvent<'PageFetched' | 'FetchFailed'>;
type OwnOfPage = Pick<
  PageRecord,
  'outcome' | 'errorCode' | 'title' | 'h1' | 'contentType' | 'robotsBlocked' | 'bodySha256' | 'metadata'
>;

// One literal with all fields: spread together it took a tenth of a rebuild.
const pageRow = ({ jobId, seq, data }: Requested, pageId: string, own: OwnOfPage): PageRecord => ({
  id: pageId,
  jobId,
  generation: data.generation,
  run: data.run,
  url: data.url,
  host: hostOf(data.url),
  finalUrl: data.finalUrl,
  outcome: own.outcome,
  statusCode: data.statusCode,
  errorCode: own.errorCode,
  title: own.title,
  h1: own.h1,
  stage: data.stage,
  depth: data.depth,
  loadTime: data.timing ? Math.round(data.timing.durationMs) : null,
  contentType: own.contentType,
  robotsBlocked: own.robotsBlocked,
  bodySha256: own.bodySha256,
  metadata: own.metadata,
  seq,
});

function fetchedPage(event: OutcomeEvent<'PageFetched'>, pageId: string): PageRecord {
  const { data } = event;
  const robotsBlocked = isRobotsBlocked(data.robots);
  return pageRow(event, pageId, {
    outcome: 'fetched',
    errorCode: responseCode(data.statusCode, data.error),
    title: data.title,
    h1: data.h1,
    contentType: data.contentType,
    robotsBlocked,
    bodySha256: data.body?.sha256 ?? null,
    metadata: {
      status: 'fetched',
      finalUrl: data.finalUrl,
      contentType: data.contentType,
      contentLength: data.contentLength,
      redirectCount: data.redirects.length,
      robotsBlocked,
      confidence: robotsBlocked ? 'low' : data.robots.confidence,
      skipContentExtraction: robotsBlocked,
      fetchedAt: event.time,
      error: robotsBlocked ? data.robots.reason : data.error,
    },
  });
}

function failedPage(event: OutcomeEvent<'FetchFailed'>, pageId: string): PageRecord {
  const { data } = event;
  // Of a site that does not answer, robots.txt could not be read either: that is the same fault, not a rule.
  const robotsBlocked = isRobotsBlocked(data.robots) && data.robots?.unreachable !== true;
  return pageRow(event, pageId, {
    outcome: 'failed',
    errorCode: data.code,
    title: null,
    h1: null,
    contentType: null,
    robotsBlocked,
    bodySha256: null,
    metadata: {
      status: 'failed',
      finalUrl: data.finalUrl,
      contentType: null,
      contentLength: 0,
      redirectCount: data.redirects.length,
      robotsBlocked,
      confidence: 'low',
      skipContentExtraction: robotsBlocked,
      fetchedAt: event.time,
      error: data.message,
    },
  });
}

export function itemRows(
  { jobId, seq, data }: StoredEvent<'PageFetched' | 'ItemsReextracted'>,
  pageId: string,
  version: number,
): ItemRecord[] {
  const { generation, url, stage } = data;
  const kind = (index: number): string => (version === 1 ? `item:${index}` : `item:${index}:${version}`);
  return data.items.map((item) => ({
    id: rowId(jobId, generation, url, kind(item.index)),
    jobId,
    generation,
    pageId,
    url,
    stage,
    index: item.index,
    version,
    data: item.data,
    seq,
  }));
}

/** A response that stayed bad to the last attempt carries the code that it was retried for. */
function responseCode(statusCode: number, error: string | null): FailureCode | null {
  if (error === null) return null;
  const code = statusCode >= 500 ? 'http_5xx' : `http_${statusCode}`;
  return isFailureCode(code) ? code : null;
}
