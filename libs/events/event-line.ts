import { z } from 'zod';
import { catalogue, isEventType } from './catalogue.js';
import { isUnreadable, type LogEntry, type StoredEvent, type UnreadableEvent } from './event.js';
import { isJobId } from './ids.js';
import { jobSubject, pageSubject } from './subjects.js';
import { toPresent } from './to-present.js';

/** One event as one line of JSON, complete: with the version of its data, so that later code can bring it to its own. */
export const eventLine = (entry: LogEntry): string =>
  JSON.stringify(isUnreadable(entry) ? entry : { ...entry, version: catalogue[entry.type].version });

const position = { seq: z.int().positive(), storedAt: z.number() };
const line = z.object({
  ...position,
  type: z.string(),
  id: z.string(),
  jobId: z.string().refine(isJobId, 'is no job id'),
  time: z.string(),
  /** Lines of others may leave it out; they mean the present one. */
  version: z.int().positive().optional(),
  causationId: z.string().optional(),
  traceparent: z.string().optional(),
  data: z.unknown(),
});
const unreadableLine = z.object({
  ...position,
  unreadable: z.literal(true),
  subject: z.string(),
  jobId: z.string().nullable(),
  type: z.string().nullable(),
  id: z.string().nullable(),
  reason: z.string(),
});

/**
 * What `eventLine` wrote, now or by an earlier version, as the log would give it: an event that this code does not know or cannot
 * bring to its present form is an unreadable one. A line that holds no event at all has a reason instead.
 */
export function parseEventLine(text: string): { entry: LogEntry } | { reason: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { reason: 'is no JSON' };
  }
  const foreign = unreadableLine.safeParse(value);
  if (foreign.success) return { entry: foreign.data };
  const found = line.safeParse(value);
  if (!found.success) {
    const issue = found.error.issues[0];
    return { reason: `is no event: ${[issue?.path.join('.'), issue?.message].filter(Boolean).join(' ')}` };
  }
  return { entry: entryOf(found.data) };
}

function entryOf({ version, ...event }: z.output<typeof line>): LogEntry {
  const { seq, storedAt, type, id, jobId } = event;
  const unreadable = (reason: string): UnreadableEvent => ({
    ...{ unreadable: true, seq, storedAt, jobId, type, id, reason },
    subject:
      isEventType(type) && catalogue[type].family === 'job' ? jobSubject(jobId) : pageSubject(jobId, type),
  });
  if (!isEventType(type)) return unreadable(`unknown event type ${type}`);
  const present = toPresent(type, version ?? catalogue[type].version, event.data);
  if ('reason' in present) return unreadable(present.reason);
  return { ...event, type, data: present.data } as StoredEvent;
}
