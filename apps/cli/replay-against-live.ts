import { isJobId, type LogEntry } from '#libs/events';
import { replayAgainstLive as compare, type AgainstLive } from '#libs/engine';
import { SpoorError } from '#libs/failures';
import type { Resources } from '#libs/hosting';
import { storableValue } from '#libs/adapters/postgres';
import { eventsOfFile, eventsOfLog } from './replay-source.js';
import { differenceLines } from './row-differences.js';

/** @throws SpoorError invalid_request, job_not_found */
export async function replayAgainstLive(
  { log, database }: Resources,
  history: string,
  to: number | undefined,
): Promise<{ comparison: AgainstLive; lines: string[] }> {
  const jobId = isJobId(history) ? history : await jobOfFile(history);
  const { projectionStore: store } = await database();
  const source: AsyncIterable<LogEntry> = isJobId(history)
    ? eventsOfLog(log.eventLog, jobId)
    : eventsOfFile(history);
  const comparison = await compare({ store, storable: storableValue }, jobId, source, { to });
  const { seq, differing } = comparison;
  const rows = Object.values(comparison.rows).reduce((sum, n) => sum + n, 0);
  const told = `${rows} rows at event ${seq}, ${differing} of them differ from the live ones`;
  return { comparison, lines: [told, ...differenceLines(comparison)] };
}

async function jobOfFile(file: string): Promise<string> {
  const jobs = new Set<string>();
  for await (const { jobId } of eventsOfFile(file)) if (jobId !== null) jobs.add(jobId);
  const [jobId, ...others] = jobs;
  if (jobId !== undefined && others.length === 0) return jobId;
  throw new SpoorError(
    'invalid_request',
    `${file} holds events of ${jobs.size} jobs; one is compared at a time.`,
    { field: 'history' },
  );
}
