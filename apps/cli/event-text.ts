import { eventSummary, isUnreadable, type LogEntry } from '#libs/events';
import { plain } from './plain.js';

/** The widest name of an event, so that lines stand in columns. */
const NAME = 14;

/** `1234  2026-01-31T12:00:00.000Z  PageFetched     200  https://…`: one event in one line. */
export function eventText(entry: LogEntry, withJob = false): string {
  const { seq, storedAt, jobId } = entry;
  const place = `${String(seq).padStart(6)}  ${new Date(storedAt).toISOString()}  `;
  const job = withJob ? `${jobId ?? '(no job)'}  ` : '';
  const type = isUnreadable(entry) ? '(unreadable)' : entry.type;
  return `${place}${job}${type.padEnd(NAME)}  ${plain(eventSummary(entry))}`;
}
