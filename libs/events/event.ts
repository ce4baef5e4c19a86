import type { EventData, EventType, JobEventType, PageEventType } from './catalogue.js';

interface Envelope<T extends EventType> {
  type: T;
  /** Equals `Nats-Msg-Id`; deterministic, see ids.ts. */
  id: string;
  jobId: string;
  data: EventData<T>;
  /** Producer's clock, ISO 8601. */
  time: string;
  /** Id of the event or command that caused this one. */
  causationId?: string | undefined;
  traceparent?: string | undefined;
}

/** An event on its way to the log. */
export type NewEvent<T extends EventType = EventType> = { [K in T]: Envelope<K> }[T];

/** An event that the log holds, upcast to the present version. */
export type StoredEvent<T extends EventType = EventType> = {
  [K in T]: Envelope<K> & {
    /** Position in the shard's stream. */
    seq: number;
    /** Server's clock when it was stored, ms since the epoch. */
    storedAt: number;
  };
}[T];

/** A message of the log that this code cannot read; it is shown and parked, never dropped. */
export interface UnreadableEvent {
  unreadable: true;
  seq: number;
  storedAt: number;
  subject: string;
  jobId: string | null;
  /** The ce-type as found. */
  type: string | null;
  id: string | null;
  reason: string;
}

export type LogEntry = StoredEvent | UnreadableEvent;

export const isUnreadable = (entry: LogEntry): entry is UnreadableEvent => 'unreadable' in entry;

/** One handler for each event, or the word that it does not matter here: a new event breaks the build until it is placed. */
export type EventHandlers<S, R = void, T extends EventType = EventType> = {
  [K in T]: ((state: S, event: StoredEvent<K>) => R) | 'ignored';
};

export type JobEvent = StoredEvent<JobEventType>;
export type PageEvent = StoredEvent<PageEventType>;
export type NewJobEvent = NewEvent<JobEventType>;
export type NewPageEvent = NewEvent<PageEventType>;
