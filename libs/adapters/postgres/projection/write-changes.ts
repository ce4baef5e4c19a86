import type { Changes } from '#libs/read-models';
import type { Table } from '../table.js';
import type { Client } from './client.js';
import type { Statements } from './statements.js';

const OF_JOB = {
  page: 'job_id',
  evidence: 'job_id',
  item: 'job_id',
  page_mark: 'job_id',
  parked_event: 'job_id',
};
const OF_PAGE = { page: 'id', evidence: 'page_id', item: 'page_id' };

/** All rows of a batch, table by table. */
export async function writeChanges(client: Client, statements: Statements, changes: Changes): Promise<void> {
  for (const jobId of changes.removedJobs)
    for (const [table, column] of Object.entries(OF_JOB))
      await statements.run(client, `of-job-${table}`, `DELETE FROM $schema.${table} WHERE ${column} = $1`, [
        jobId,
      ]);
  if (changes.replacedPages.length > 0) {
    const ids = `{${changes.replacedPages.join(',')}}`;
    for (const [table, column] of Object.entries(OF_PAGE))
      await statements.run(
        client,
        `of-page-${table}`,
        `DELETE FROM $schema.${table} WHERE ${column} = ANY($1::uuid[])`,
        [ids],
      );
  }
  const { page, evidence, item, mark, job, parked } = statements;
  await statements.upsertAll(
    client,
    new Map<Table, readonly object[]>([
      [page, changes.pages],
      [evidence, changes.evidence],
      [item, changes.items],
      [mark, changes.marks],
      [job, changes.jobs],
      [parked, changes.parked],
    ]),
  );
}
