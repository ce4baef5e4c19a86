import { z } from 'zod';
import { catalogue, isJobId, type EventType } from '#libs/events';

const eventType = z.enum(Object.keys(catalogue) as [EventType, ...EventType[]]);

/** What a person registers. */
export const webhookInput = z.strictObject({
  url: z.string().max(2048),
  /** Default: every type. */
  types: z.array(eventType).min(1).optional(),
  /** Default: every job. */
  jobs: z.array(z.string().refine(isJobId, 'is no job id')).min(1).max(1000).optional(),
  /** First event that is delivered; default the first one that comes. */
  from: z.enum(['start', 'new']).default('new'),
});

export const redeliverInput = z.strictObject({
  /** Deliveries begin again with this sequence; without it a disabled webhook goes on where it stood. */
  fromSeq: z.int().positive().optional(),
  /** Of which shard that is; needed where the log has several. The others go on where they stand. */
  shard: z.int().nonnegative().optional(),
});

const shown = {
  id: z.string(),
  url: z.string(),
  types: z.array(eventType).nullable(),
  jobs: z.array(z.string()).nullable(),
  createdAt: z.string(),
  status: z.enum(['active', 'disabled']),
  /** Why it was disabled. */
  reason: z.string().nullable(),
  /** Since when no delivery has succeeded; null: the last one did. */
  failingSince: z.string().nullable(),
};
/** A webhook as it is shown: without its secret. */
export const webhookView = z.object(shown);
export const webhookCreated = z.object({ ...shown, secret: z.string() });

/** As it is kept. */
export const webhookRecord = z.object({
  ...shown,
  sealed: z.string(),
  from: z.enum(['start', 'new']),
  /** Rises whenever somebody asks for a delivery. */
  epoch: z.int().positive(),
  /** When somebody last did: tries before that hold nothing back. */
  askedAt: z.string().nullable(),
  /** Shard → where its deliveries began again, and the epoch that its checkpoint is named after. */
  again: z.record(z.string(), z.object({ epoch: z.int().positive(), fromSeq: z.int().positive() })),
});

/** One try. */
export const delivery = z.object({
  eventId: z.string(),
  type: z.string(),
  jobId: z.string().nullable(),
  seq: z.int().nullable(),
  /** Tries of this event since it was last taken, those of earlier processes too. */
  attempt: z.int(),
  at: z.string(),
  ms: z.number(),
  ok: z.boolean(),
  /** Null when there was no answer. */
  statusCode: z.int().nullable(),
  /** A code of the failure table. */
  error: z.string().nullable(),
  /** Not before; null when there is none, or it was decided by an earlier version. */
  nextAttemptAt: z.string().nullable().default(null),
});

export type WebhookInput = z.output<typeof webhookInput>;
export type RedeliverInput = z.output<typeof redeliverInput>;
export type WebhookRecord = z.output<typeof webhookRecord>;
export type WebhookView = z.output<typeof webhookView>;
export type Delivery = z.output<typeof delivery>;

export const viewOf = (record: WebhookRecord): WebhookView => webhookView.parse(record);
