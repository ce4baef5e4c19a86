import { isJobId, shardOf, type LogEntry } from '#libs/events';
import { SpoorError } from '#libs/failures';
import type { Resources } from '#libs/hosting';
import { storableValue } from '#libs/adapters/postgres';
import { compareRows, type RowComparison, type TableRow } from '#libs/read-models';
import { eventsOfFile } from './replay-source.js';
import { tablesOf } from './replayed.js';
import { differenceLines } from './row-differences.js';

/**
 * Holds what this code makes of a job's history against the live rows of that job, both at the place where the live ones stand.
 * @throws SpoorError invalid_request, job_not_found
 */
export async function replayAgainstLive(
  { log, database }: Resources,
  history: string,
  to: number | undefined,
): Promise<{ comparison: RowComparison; lines: string[] }> {
  const jobId = isJobId(history) ? history : await jobOfFile(history);
  const { projectionStore } = await database();
  const live = await projectionStore.snapshot();
  try {
    const position = live.positions.get(shardOf(jobId))?.seq ?? 0;
    const source = isJobId(history) ? entries(log.eventLog.readJob(jobId)) : eventsOfFile(history);
    const { tables, last } = await tablesOf(source, Math.min(position, to ?? Infinity));
    if (!last) throw new SpoorError('job_not_found', `The live rows tell of no event of job ${jobId}.`);
    const found: TableRow[] = [];
    for await (const row of live.rows(jobId)) found.push(row);
    const ahead = Number(found.find(({ table }) => table === 'job')?.row['seq'] ?? 0);
    if (ahead > last.seq)
      throw new SpoorError(
        'invalid_request',
        `The live rows tell the job up to event ${ahead}, the history ends at ${last.seq}.`,
        {
          field: to === undefined ? 'history' : '--to',
          hint: 'Replay the job by its id: spoor replay <jobId> --against live.',
        },
      );
    const made = tables.rows().map((one) => ({ ...one, row: storableValue(one.row) as TableRow['row'] }));
    const comparison = await compareRows(made, found);
    const rows = Object.values(comparison.rows).reduce((sum, n) => sum + n, 0);
    const lines = [
      `${rows} rows at event ${last.seq}, ${comparison.differing} of them differ from the live ones`,
    ];
    return { comparison, lines: [...lines, ...differenceLines(comparison)] };
  } finally {
    await live.close();
  }
}

async function* entries(
  batches: AsyncIterable<{ entries: LogEntry[] }>,
): AsyncGenerator<LogEntry, void, undefined> {
  for await (const batch of batches) yield* batch.entries;
}

async function jobOfFile(file: string): Promise<string> {
  const jobs = new Set<string>();
  for await (const { jobId } of eventsOfFile(file)) if (jobId !== null) jobs.add(jobId);
  const [jobId, ...others] = jobs;
  if (jobId !== undefined && others.length === 0) return jobId;
  throw new SpoorError(
    'invalid_request',
    `${file} holds events of ${jobs.size} jobs; one is compared at a time.`,
    {
      field: 'history',
    },
  );
}
