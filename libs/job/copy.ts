import { catalogue, jobEventId, type NewEvent, type StoredEvent } from '#libs/events';

/** A history, up to and with a sequence of the log that it was written in. */
export interface CopiedRange {
  jobId: string;
  upTo: number;
}

/**
 * One event of a history as the same event of another job. Ids follow from the original, so a copy that is made twice is one copy.
 * A decision says where it was made, since it must not set the other job going; a fact names the original as its cause.
 */
export function copyOf(event: StoredEvent, jobId: string, { upTo }: CopiedRange): NewEvent {
  const { type, time, traceparent, seq } = event;
  const envelope = { type, jobId, time, causationId: event.id, ...(traceparent ? { traceparent } : {}) };
  if (catalogue[type].family === 'page')
    return { ...envelope, id: pageCopyId(event, jobId), data: event.data } as NewEvent;
  const copiedFrom = { jobId: event.jobId, seq, upTo };
  const data = { ...event.data, copiedFrom };
  return { ...envelope, id: jobEventId(jobId, `copy-${seq}`), data } as NewEvent;
}

/** The id names run, page and try behind the job, so that a worker that asks about its task finds the copy, too. */
function pageCopyId({ id, jobId: from, seq }: StoredEvent, jobId: string): string {
  return id.startsWith(`${from}:`) ? jobId + id.slice(from.length) : `${jobId}:copy:${seq}`;
}
