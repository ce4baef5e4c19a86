import type { StateReader } from '#libs/engine/ports';
import type { JobRecord, PageState } from '#libs/read-models';
import { recordOf } from '../queries/records.js';
import { arrayLiterals } from '../table.js';
import type { Client } from './client.js';
import type { Statements } from './statements.js';

const IDS_A_STATEMENT = 5000;

const PAGES = `
  SELECT named.id, page.outcome, page.status_code, mark.page_id AS marked, mark.outcome AS mark_outcome,
    mark.status_code AS mark_status_code, mark.requeued_in_run, mark.retried_run, mark.retried_try,
    page.id IS NOT NULL OR EXISTS (SELECT FROM $schema.evidence WHERE page_id = named.id) AS has_rows
  FROM unnest($1::uuid[]) AS named (id)
  LEFT JOIN $schema.page ON page.id = named.id
  LEFT JOIN $schema.page_mark AS mark ON mark.page_id = named.id
  WHERE page.id IS NOT NULL OR mark.page_id IS NOT NULL
    OR EXISTS (SELECT FROM $schema.evidence WHERE page_id = named.id)`;

export function stateReader(client: Client, statements: Statements): StateReader {
  return {
    async jobs(jobIds) {
      const ids = textArray(jobIds);
      const rows = await statements.run(
        client,
        'jobs',
        'SELECT * FROM $schema.job WHERE id = ANY($1::text[])',
        [ids],
      );
      const waiting = await statements.run(
        client,
        'waiting',
        'SELECT DISTINCT job_id FROM $schema.parked_event WHERE job_id = ANY($1::text[])',
        [ids],
      );
      const records = rows.map((row) => recordOf<JobRecord>(statements.job, row));
      return {
        jobs: new Map(records.map((job) => [job.jobId, job])),
        parkedJobs: new Set(waiting.map((row) => String(row['job_id']))),
      };
    },
    async pages(pageIds) {
      const pages = new Map<string, PageState>();
      for (let from = 0; from < pageIds.length; from += IDS_A_STATEMENT) {
        const ids = `{${pageIds.slice(from, from + IDS_A_STATEMENT).join(',')}}`;
        for (const row of await statements.run(client, 'pages', PAGES, [ids]))
          pages.set(String(row['id']), stateOf(row));
      }
      return pages;
    },
  };
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
    hasRows: row['has_rows'] === true,
  };
}

const ID_COLUMN = { name: '', columns: [{ name: '', property: 'id', type: 'text', isKey: true }] };

const textArray = (values: string[]): string =>
  arrayLiterals(
    ID_COLUMN,
    values.map((id) => ({ id })),
  )[0]!;
