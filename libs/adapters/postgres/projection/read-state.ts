import type { Position } from '#libs/engine/ports';
import type { FoldState, JobRecord, PageState } from '#libs/read-models';
import { recordOf } from '../queries/records.js';
import { storableText } from '../storable.js';
import type { Client } from './client.js';
import { PROJECTION, type Statements } from './statements.js';

const IDS_A_STATEMENT = 5000;

/** Page by page through the keys: `EXISTS` here would have the planner read all evidence into a hash table for each batch. */
const PAGES = `
  SELECT named.id, page.outcome, page.status_code, mark.page_id AS marked, mark.outcome AS mark_outcome,
    mark.status_code AS mark_status_code, mark.requeued_in_run, mark.item_version, mark.retried_run, mark.retried_try,
    page.id IS NOT NULL OR evidence.page_id IS NOT NULL AS has_rows
  FROM unnest($1::uuid[]) AS named (id)
  LEFT JOIN $schema.page ON page.id = named.id
  LEFT JOIN $schema.page_mark AS mark ON mark.page_id = named.id
  LEFT JOIN LATERAL (SELECT page_id FROM $schema.evidence WHERE page_id = named.id LIMIT 1) AS evidence ON true
  WHERE page.id IS NOT NULL OR mark.page_id IS NOT NULL OR evidence.page_id IS NOT NULL`;

/** One statement for what every batch needs first. */
const LOCKED = `
  SELECT stream, seq, event_id,
    (SELECT jsonb_agg(to_jsonb(job)) FROM $schema.job WHERE id = ANY($3::text[])) AS jobs,
    (SELECT jsonb_agg(DISTINCT job_id) FROM $schema.parked_event WHERE job_id = ANY($3::text[])) AS waiting
  FROM $schema.checkpoint WHERE shard = $1 AND projection = $2 FOR UPDATE`;

interface Locked extends Pick<FoldState, 'jobs' | 'parkedJobs'> {
  position: Position;
}

/** Null when there is no checkpoint. Locks it, for the case that it has just been made. */
export async function lockState(
  client: Client,
  statements: Statements,
  shard: number,
  jobIds: string[],
): Promise<Locked | null> {
  const [row] = await statements.run(client, 'lock', LOCKED, [shard, PROJECTION, jobIds.map(storableText)]);
  if (!row) return null;
  const jobs = ((row['jobs'] ?? []) as Record<string, unknown>[]).map((job) =>
    recordOf<JobRecord>(statements.job, job),
  );
  return {
    position: positionOf(row),
    jobs: new Map(jobs.map((job) => [job.jobId, job])),
    parkedJobs: new Set((row['waiting'] ?? []) as string[]),
  };
}

export const positionOf = (row: Record<string, unknown>): Position => ({
  stream: String(row['stream']),
  seq: Number(row['seq']),
  eventId: row['event_id'] === null ? null : String(row['event_id']),
});

export async function readPages(
  client: Client,
  statements: Statements,
  pageIds: string[],
): Promise<Map<string, PageState>> {
  const pages = new Map<string, PageState>();
  for (let from = 0; from < pageIds.length; from += IDS_A_STATEMENT) {
    const ids = `{${pageIds.slice(from, from + IDS_A_STATEMENT).join(',')}}`;
    for (const row of await statements.run(client, 'pages', PAGES, [ids]))
      pages.set(String(row['id']), stateOf(row));
  }
  return pages;
}

/** A mark tells all of a page; without one its row does. */
function stateOf(row: Record<string, unknown>): PageState {
  const marked = row['marked'] !== null;
  const outcome = (marked ? row['mark_outcome'] : row['outcome']) as PageState['outcome'];
  const statusCode = marked ? row['mark_status_code'] : outcome === 'fetched' ? row['status_code'] : 0;
  return {
    outcome,
    statusCode: Number(statusCode),
    requeuedInRun: Number(row['requeued_in_run'] ?? 0),
    retriedRun: Number(row['retried_run'] ?? 0),
    retriedTry: Number(row['retried_try'] ?? 0),
    itemVersion: Number(row['item_version'] ?? 0),
    hasRows: row['has_rows'] === true,
  };
}
