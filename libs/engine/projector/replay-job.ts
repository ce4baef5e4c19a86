import { shardOf, type LogEntry } from '#libs/events';
import { SpoorError } from '#libs/failures';
import {
  compareRows,
  ReplayedTables,
  type ReplayPart,
  type RowComparison,
  type TableRow,
} from '#libs/read-models';
import type { ProjectionStore } from '#libs/engine/ports';

const BATCH = 500;

export interface ReplayOptions {
  /** Last sequence that goes in (default: all). */
  to?: number | undefined;
  /** All rows are held in memory: a history that is longer is refused. */
  maxEvents?: number | undefined;
  /** These rows alone (default: all). */
  part?: ReplayPart | undefined;
}

export interface Replayed {
  tables: ReplayedTables;
  events: number;
  /** That went in. */
  last: LogEntry | null;
}

/** The tables that events give, in the order of the log. @throws SpoorError invalid_request with the field `to` */
export async function replayTables(
  source: AsyncIterable<LogEntry>,
  { to = Infinity, maxEvents = Infinity, part }: ReplayOptions = {},
): Promise<Replayed> {
  const tables = new ReplayedTables(part);
  let batch: LogEntry[] = [];
  let events = 0;
  let last: LogEntry | null = null;
  for await (const entry of source) {
    if (entry.seq > to) break;
    if (++events > maxEvents)
      throw new SpoorError('invalid_request', `to: there are more than ${maxEvents} events up to there`, {
        field: 'to',
        hint: 'Replay it where it can take its time, spoor replay <jobId>, or ask for its rows in parts: /replay?part=1&of=4.',
      });
    last = entry;
    if (batch.push(entry) < BATCH) continue;
    tables.apply(batch);
    batch = [];
  }
  if (batch.length > 0) tables.apply(batch);
  return { tables, events, last };
}

export interface AgainstLive extends RowComparison {
  /** Event up to which both sides tell. */
  seq: number;
}

/**
 * Holds what this code makes of a job's history against the live rows of that job, both at the place where the live ones stand.
 * @param storable a value as the store would give it back
 * @throws SpoorError job_not_found; invalid_request when the rows tell more than the history, or it is too long
 */
export async function replayAgainstLive(
  { store, storable }: { store: Pick<ProjectionStore, 'snapshot'>; storable: (value: unknown) => unknown },
  jobId: string,
  source: AsyncIterable<LogEntry>,
  { to, maxEvents }: ReplayOptions = {},
): Promise<AgainstLive> {
  const live = await store.snapshot();
  try {
    const position = live.positions.get(shardOf(jobId))?.seq ?? 0;
    const { tables, last } = await replayTables(source, {
      to: Math.min(position, to ?? Infinity),
      maxEvents,
    });
    if (!last) throw new SpoorError('job_not_found', `The live rows tell of no event of job ${jobId}.`);
    const found: TableRow[] = [];
    for await (const row of live.rows(jobId)) found.push(row);
    const ahead = Number(found.find(({ table }) => table === 'job')?.row['seq'] ?? 0);
    if (ahead > last.seq) throw tooShort(ahead, last.seq, to);
    const made = tables.rows().map((one) => ({ ...one, row: storable(one.row) as TableRow['row'] }));
    return { seq: last.seq, ...(await compareRows(made, found)) };
  } finally {
    await live.close();
  }
}

const tooShort = (ahead: number, last: number, to: number | undefined): SpoorError =>
  new SpoorError(
    'invalid_request',
    `The live rows tell the job up to event ${ahead}, the history ends at ${last}.`,
    {
      field: to === undefined ? 'history' : 'to',
      hint: 'Replay all of the job, by its id: spoor replay <jobId> --against live.',
    },
  );
