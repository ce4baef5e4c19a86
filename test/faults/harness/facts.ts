import type { LogEntry, StoredEvent } from '#libs/events';
import { isUnreadable } from '#libs/events';
import { until } from '#libs/testing';
import type { PageRow, SkippedPage } from '#libs/engine/ports';
import { rebuildProjection } from '#apps/projector';
import { systemClock } from '#libs/adapters/system';
import { silent } from './silent.js';
import type { JobView } from './api.js';
import type { Run } from './run.js';

/** All that a judge looks at, read once after everything has come to its end. */
export interface Facts {
  run: Run;
  entries: LogEntry[];
  events: StoredEvent[];
  /** Events of the run's job. */
  ofJob: StoredEvent[];
  rows: PageRow[];
  skipped: SkippedPage[];
  /** What the api shows of each job. */
  jobs: JobView[];
  /** Read models as they are, and as the log alone makes them. */
  live: string[];
  rebuilt: string[];
}

/** Reads the facts once the read models tell all of the log. @throws when they do not catch up */
export async function gather(run: Run): Promise<Facts> {
  const { log, database } = await run.stage.open();
  const { readModels } = database;
  const { lastSeq } = await log.eventLog.head(0);
  await until(async () => (await readModels.position(0)) >= lastSeq, {
    timeoutMs: 60_000,
    what: `the read models to tell all ${lastSeq} events (they are at ${await readModels.position(0)})`,
  });
  const entries: LogEntry[] = [];
  for await (const batch of log.eventLog.readShard(0)) entries.push(...batch.entries);
  const events = entries.filter((entry): entry is StoredEvent => !isUnreadable(entry));
  const jobIds = [...new Set(events.map(({ jobId }) => jobId))];
  const jobs = await Promise.all(
    jobIds.map((jobId) =>
      until(() => run.api.job(jobId), { timeoutMs: 20_000, what: `the api to answer for ${jobId}` }),
    ),
  );
  const { jobId } = run;
  const facts = {
    ...{ run, entries, events, jobs, ofJob: events.filter((event) => event.jobId === jobId) },
    rows: await all((cursor) => readModels.pages(jobId, {}, 1000, cursor)),
    skipped: await all((cursor) => readModels.skipped(jobId, {}, 1000, cursor)),
    live: await collect(database.dump()),
  };
  await rebuildProjection({
    ...{ log, clock: systemClock, logger: silent, config: { shards: 1 } },
    database: () => Promise.resolve(database),
  });
  return { ...facts, rebuilt: await collect(database.dump()) };
}

async function all<T>(list: (cursor?: string) => Promise<{ rows: T[]; next: string | null }>): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  do {
    const { rows, next } = await list(cursor);
    found.push(...rows);
    cursor = next ?? undefined;
  } while (cursor !== undefined);
  return found;
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines) found.push(line);
  return found;
}
