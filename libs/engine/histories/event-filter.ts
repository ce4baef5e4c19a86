import {
  catalogue,
  hostOf,
  isEventType,
  isUnreadable,
  type EventType,
  type LogEntry,
  type PageEventType,
} from '#libs/events';
import { SpoorError } from '#libs/failures';
import type { EventLog } from '#libs/engine/ports';
import { firstSeqAt, lastSeqAt, type Moment } from './moment.js';
import type { ReadEvents } from './read-history.js';

/** Which events somebody asks for. */
export interface EventFilter {
  /** None: all. */
  types: readonly EventType[];
  /** Facts of pages of this host, or host:port. */
  host?: string | undefined;
}

/**
 * Names of events as a person writes them: `FetchFailed,PageSkipped`.
 * @param field names the input in the error
 * @throws SpoorError invalid_request
 */
export function parseEventTypes(text: string, field: string): EventType[] {
  const types = text.split(',');
  const unknown = types.find((type) => !isEventType(type));
  if (unknown === undefined) return types.filter(isEventType);
  throw new SpoorError(
    'invalid_request',
    `${field}: there is no event ${JSON.stringify(unknown.slice(0, 60))}.`,
    {
      ...{ field, hint: `Events: ${Object.keys(catalogue).join(', ')}.` },
    },
  );
}

/** Whether an event is asked for; what cannot be read is always shown. */
export function wantedBy({ types, host }: EventFilter): (entry: LogEntry) => boolean {
  const wanted = new Set<string>(types);
  return (entry) => {
    if (isUnreadable(entry)) return true;
    if (wanted.size > 0 && !wanted.has(entry.type)) return false;
    return host === undefined || ('url' in entry.data && hostOf(entry.data.url) === host);
  };
}

/** A job's events. Facts of one type have a subject of their own, so that nothing else is read. */
export function eventsOfJob(
  eventLog: Pick<EventLog, 'readJob'>,
  jobId: string,
  { types: [type, ...others] }: Pick<EventFilter, 'types'>,
): ReadEvents {
  const isFact = type !== undefined && others.length === 0 && catalogue[type].family === 'page';
  const only = isFact ? { type: type as PageEventType } : {};
  return (options) => eventLog.readJob(jobId, { ...options, ...only });
}

/** The sequences of a shard between two moments, both of which belong to it. */
export async function sequencesBetween(
  eventLog: Pick<EventLog, 'seqAt'>,
  shard: number,
  { from, to }: { from?: Moment | undefined; to?: Moment | undefined },
): Promise<{ fromSeq?: number; toSeq?: number }> {
  return {
    ...(from ? { fromSeq: await firstSeqAt(eventLog, shard, from) } : {}),
    ...(to ? { toSeq: await lastSeqAt(eventLog, shard, to) } : {}),
  };
}
