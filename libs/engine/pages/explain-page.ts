import { canonicalUrl, fromLink, isUnreadable, originOf } from '#libs/events';
import type { StoredEvent } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { pageIdOf } from '#libs/read-models';
import type { EventLog, EvidenceRow, PageRow, ReadModels } from '#libs/engine/ports';
import { pageAttempts, type PageAttempt } from './page-attempts.js';

/** Everything that is known of one URL in a job, or why nothing is. */
export interface PageExplanation {
  jobId: string;
  url: string;
  pageId: string;
  /**
   * `open`: known, without an outcome yet. `held-back`: found on a page, and a rule of the job kept it out. `unknown`: never
   * started from nor found.
   */
  outcome: 'fetched' | 'failed' | 'skipped' | 'open' | 'held-back' | 'unknown';
  page: PageRow | null;
  attempts: PageAttempt[];
  evidence: EvidenceRow[];
  /** Where the URL was first seen, and the rule that held it back; null for a start URL, and where it was not looked for. */
  foundOn: { url: string; rule: string | null } | null;
}

export interface ExplainDeps {
  eventLog: Pick<EventLog, 'readJob' | 'readDecisions'>;
  readModels: Pick<ReadModels, 'page' | 'evidence'>;
}

const EVIDENCE = 100;

/**
 * @param generation of the job, now
 * @throws SpoorError invalid_request when it is no http(s) URL
 */
export async function explainPage(
  { eventLog, readModels }: ExplainDeps,
  jobId: string,
  generation: number,
  input: string,
): Promise<PageExplanation> {
  const url = canonicalUrl(input);
  if (url === null)
    throw new SpoorError('invalid_request', 'url: must be an http or https URL without credentials', {
      field: 'url',
    });
  const pageId = pageIdOf(jobId, generation, url);
  const page = await readModels.page(jobId, pageId);
  const [{ rows: evidence }, { attempts, openAgain }] = await Promise.all([
    readModels.evidence(jobId, { pageId }, EVIDENCE),
    pageAttempts(eventLog, { jobId, url, generation }, page?.seq ?? null),
  ]);
  const known = { jobId, url, pageId, page, attempts, evidence };
  const last = attempts.at(-1);
  // The log is ahead of the read models, never behind them.
  if (last?.result === 'retried' || openAgain) return { ...known, outcome: 'open', foundOn: null };
  if (last) return { ...known, outcome: last.result, foundOn: null };
  return { ...known, ...(await search(eventLog, jobId, generation, url)) };
}

type Found = Pick<PageExplanation, 'outcome' | 'foundOn'>;

/** Reads the job's history for the first page that links to a URL: being followed counts before being held back. */
async function search(
  eventLog: ExplainDeps['eventLog'],
  jobId: string,
  generation: number,
  url: string,
): Promise<Found> {
  let heldBack: Found | null = null;
  for await (const { entries } of eventLog.readJob(jobId))
    for (const entry of entries) {
      if (isUnreadable(entry)) continue;
      if (entry.type === 'JobStarted' && entry.data.start.includes(url))
        return { outcome: 'open', foundOn: null };
      if (entry.type !== 'PageFetched' || entry.data.generation !== generation) continue;
      const link = linkTo(entry, url);
      if (link?.rule === null) return { outcome: 'open', foundOn: link };
      if (link) heldBack ??= { outcome: 'held-back', foundOn: link };
    }
  return heldBack ?? { outcome: 'unknown', foundOn: null };
}

function linkTo({ data }: StoredEvent<'PageFetched'>, url: string): PageExplanation['foundOn'] {
  const origin = originOf(data.finalUrl);
  const has = (links: string[]): boolean => links.some((link) => fromLink(link, origin) === url);
  if (Object.values(data.links.follow).some(has)) return { url: data.url, rule: null };
  const rule = Object.entries(data.links.skip).find(([, links]) => has(links))?.[0];
  return rule === undefined ? null : { url: data.url, rule };
}
