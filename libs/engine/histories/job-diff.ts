import { isUnreadable, type StoredEvent } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { Frontier, jobAt, jobChanges, type HashKey, type JobAt, type SpecChange } from '#libs/job';
import { beforeItBegan, entriesTo, type HistoryLog } from './fold-to.js';

/** Pages of a kind: how many, and the first of them. */
export interface PageList {
  count: number;
  pages: { url: string; seq: number }[];
}

/** What happened to a job between two events: the first is the last that counts as before. */
export interface JobDiff {
  jobId: string;
  /** Without a time where the job had not begun: what is told then is all that it became. */
  from: { seq: number; storedAt: string | null };
  to: Pick<JobAt, 'seq' | 'storedAt'>;
  /** Fields of the job's state; lists are compared as a whole. */
  changes: SpecChange[];
  /** Pages that had their outcome in between, or were opened again. */
  pages: Record<'fetched' | 'failed' | 'skipped' | 'reopened', PageList>;
  /** Type → events. */
  events: Record<string, number>;
}

const SHOWN = 100;

/** @throws SpoorError invalid_request: `from` lies behind `to`, or the job had not begun by `to` */
export async function jobDiff(
  log: HistoryLog,
  hashKey: HashKey,
  jobId: string,
  { fromSeq, toSeq }: { fromSeq: number; toSeq: number },
): Promise<JobDiff> {
  if (fromSeq > toSeq)
    throw new SpoorError('invalid_request', 'from: must not lie behind to', { field: 'from' });
  const frontier = new Frontier(jobId, hashKey);
  const between = new Between();
  let before: JobAt | null | undefined;
  for await (const entry of entriesTo(log, jobId, toSeq)) {
    if (isUnreadable(entry)) continue;
    if (entry.seq > fromSeq && before === undefined) before = frontier.state && jobAt(frontier);
    frontier.apply(entry);
    frontier.takeOpened();
    if (entry.seq > fromSeq) between.add(entry, frontier);
  }
  if (!frontier.state) throw beforeItBegan('to');
  const after = jobAt(frontier);
  if (before === undefined) before = after;
  return {
    jobId,
    from: before ? { seq: before.seq, storedAt: before.storedAt } : { seq: fromSeq, storedAt: null },
    to: { seq: after.seq, storedAt: after.storedAt },
    changes: jobChanges(before, after),
    ...between,
  };
}

class Between implements Pick<JobDiff, 'pages' | 'events'> {
  readonly pages = { fetched: none(), failed: none(), skipped: none(), reopened: none() };
  readonly events: Record<string, number> = {};

  add({ seq, type, data }: StoredEvent, frontier: Frontier): void {
    this.events[type] = (this.events[type] ?? 0) + 1;
    if (type === 'PagesRequeued')
      for (const url of (data as { urls: string[] }).urls) list(this.pages.reopened, url, seq);
    if (frontier.closedAt !== seq || !('url' in data)) return;
    const outcome = frontier.find(data.url)?.outcome;
    if (outcome !== undefined && outcome !== 'open') list(this.pages[outcome], data.url, seq);
  }
}

const none = (): PageList => ({ count: 0, pages: [] });

function list(of: PageList, url: string, seq: number): void {
  of.count++;
  if (of.pages.length < SHOWN) of.pages.push({ url, seq });
}
