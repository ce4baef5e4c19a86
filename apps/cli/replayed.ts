import type { LogEntry } from '#libs/events';
import { ReplayedTables } from '#libs/read-models';

const BATCH = 500;

/** The tables that events up to a sequence give, and the last event that went in. */
export async function tablesOf(source: AsyncIterable<LogEntry>, to: number) {
  const tables = new ReplayedTables();
  let batch: LogEntry[] = [];
  let events = 0;
  let last: LogEntry | null = null;
  for await (const entry of source) {
    if (entry.seq > to) break;
    last = entry;
    events++;
    if (batch.push(entry) < BATCH) continue;
    tables.apply(batch);
    batch = [];
  }
  if (batch.length > 0) tables.apply(batch);
  return { tables, events, last };
}
