import { z } from 'zod';
import { evidenceKinds, TABLE_NAMES, type TableName } from '#libs/read-models';

const whole = (min: number, max: number) =>
  z
    .string('must be given once')
    .regex(/^\d{1,16}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

/** Checks without words of their own would say what the type says. */
export const text = (max: number) =>
  z.string('must be given once').min(1, 'must not be empty').max(max, `must be at most ${max} characters`);
const STATUS = 'must be a code such as 503, a class such as 5xx, or 0 for pages without a response';

export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` });

const yesOrNo = oneOf(['true', 'false'])
  .transform((value) => value === 'true')
  .pipe(z.boolean());

/** Opaque; what `next` of the page before said. */
const cursor = text(500).optional();
const limit = whole(1, 1000).default(100);

export const noQuery = z.strictObject({});

/** A DELETE has no body that could carry it. */
export const removeQuery = z.strictObject({ reason: text(1000).optional() });

export const jobsQuery = z.strictObject({
  status: oneOf(['running', 'paused', 'stopped', 'error', 'done', 'removed']).optional(),
  /** Part of the job's id or name. */
  q: text(200).optional(),
  limit,
  cursor,
});

export const pagesQuery = z.strictObject({
  outcome: oneOf(['fetched', 'failed']).optional(),
  /** `503`, or `5xx` for all codes of a class. */
  statusCode: z
    .union(
      [
        text(3).regex(/^[1-9]xx$/, STATUS),
        whole(100, 999),
        z
          .literal('0')
          .transform(() => 0 as const)
          .pipe(z.literal(0)),
      ],
      { error: STATUS },
    )
    .optional(),
  errorCode: text(60).optional(),
  robotsBlocked: yesOrNo.optional(),
  host: text(260).optional(),
  stage: text(64).optional(),
  q: text(200).optional(),
  limit,
  cursor,
});

const evidenceTypes = evidenceKinds.map(({ type }) => type) as [string, ...string[]];

export const evidenceQuery = z.strictObject({
  type: oneOf(evidenceTypes).optional(),
  pageId: text(60).optional(),
  limit,
  cursor,
});

export const itemsQuery = z.strictObject({
  stage: text(64).optional(),
  /** Of the items; default: the newest. 1 is what was extracted when the pages were fetched. */
  version: whole(1, 1_000_000).optional(),
  format: oneOf(['json', 'ndjson', 'csv']).optional(),
  limit,
  cursor,
});

/** A sequence, a time (ISO 8601, UTC without an offset), or `10m` for ten minutes ago. */
const moment = text(40);
export const atQuery = z.strictObject({ at: moment.optional() });
export const diffQuery = z.strictObject({ from: moment, to: moment.optional() });

/** Sequence of the last event that goes in; default all. */
const lastEvent = whole(1, Number.MAX_SAFE_INTEGER).optional();
const tables = TABLE_NAMES as [TableName, ...TableName[]];
/** Parts of a replay: the states of all pages are in memory for each, so a longer history is for the command line. */
const MOST_PARTS = 20;
export const replayQuery = z
  .strictObject({
    to: lastEvent,
    projection: oneOf(tables).optional(),
    /** Of a long history: the rows of a share of its pages, `part=1&of=3`; the job's own are in the first. */
    part: whole(1, MOST_PARTS).default(1),
    of: whole(1, MOST_PARTS).default(1),
  })
  .refine(({ part, of }) => part <= of, { path: ['part'], error: 'must not be more than `of`' });
export const differencesQuery = z.strictObject({ to: lastEvent });
export const archiveQuery = z.strictObject({ bodies: yesOrNo.optional() });
export const verifyQuery = z.strictObject({ format: oneOf(['json', 'ndjson']).optional() });

const eventsQueryFields = {
  /** The first: a sequence or a time. With `new`, a live stream begins behind what the log holds now. */
  from: moment.optional(),
  /** The last, likewise; it belongs to the answer. */
  to: moment.optional(),
  /** Only these events, `FetchFailed,PageSkipped`; may be given several times. */
  type: z.union([text(1000), z.array(text(1000)).max(50)]).optional(),
  /** Only facts of pages of this host, or host:port. */
  host: text(260).optional(),
  /** The last event first; not live. `next` is then what to give as `to`. */
  reverse: yesOrNo.optional(),
  /** Events at most: on a page of JSON (default 100), or in all. */
  limit: whole(1, 1000).optional(),
  format: oneOf(['json', 'ndjson', 'sse']).optional(),
  /** `false` leaves lists that travel beside the log (links, start URLs) empty: quick to look through. */
  bulk: yesOrNo.optional(),
};

export const eventsQuery = z.strictObject(eventsQueryFields);

/** Sequences count within a shard. */
export const allEventsQuery = z.strictObject({ ...eventsQueryFields, shard: whole(0, 9999).default(0) });

export const deliveriesQuery = z.strictObject({ limit: whole(1, 500).default(50) });

/** Place in the batch from which on results are wanted. */
export const batchQuery = z.strictObject({ from: whole(0, 1000).default(0) });
