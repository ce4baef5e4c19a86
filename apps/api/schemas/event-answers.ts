import { z } from 'zod';
import { catalogue, type LogEntry } from '#libs/events';
import { seq } from './parts.js';

const event = z.object({
  id: z.string(),
  jobId: z.string(),
  time: z.string(),
  causationId: z.string().optional(),
  traceparent: z.string().optional(),
  seq,
  storedAt: z.number(),
});
const events = Object.values(catalogue).map((definition) =>
  event.extend({ type: z.literal(definition.type), data: definition.data }),
);
const unreadable = z.object({
  unreadable: z.literal(true),
  seq,
  storedAt: z.number(),
  subject: z.string(),
  jobId: z.string().nullable(),
  type: z.string().nullable(),
  id: z.string().nullable(),
  reason: z.string(),
});

export const eventsAnswer = z.object({
  items: z.array(z.union([...events, unreadable])),
  /** What to give as `from` to go on; with `reverse`, as `to`. */
  next: seq,
  /** True when the log held nothing more of what was asked for at that moment. */
  caughtUp: z.boolean(),
});

export interface EventsPage {
  items: LogEntry[];
  next: number;
  caughtUp: boolean;
}
