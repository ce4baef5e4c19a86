import { z } from 'zod';
import type { AgainstLive, Verification } from '#libs/engine';
import { TABLE_NAMES, type TableName } from '#libs/read-models';
import { count } from './parts.js';

export const projectionsAnswer = z.object({
  items: z.array(
    z.object({
      projection: z.literal('read-models'),
      shard: count,
      /** Sequence up to which events are in; 0: none. */
      seq: count,
      lastSeq: count,
      /** Events of the log that are not in yet. */
      lag: count,
      parked: z.array(
        z.object({
          /** Null: events that name no job. */
          jobId: z.string().nullable(),
          firstSeq: count,
          reason: z.string(),
          codeVersion: z.string(),
          /** Events that wait, the first included. */
          events: count,
        }),
      ),
    }),
  ),
});

const table = z.enum(TABLE_NAMES as [TableName, ...TableName[]]);
const comparison = {
  /** Rows that the log makes, by table. */
  rows: z.record(table, count),
  /** How many differ in all, and the first of them. */
  differing: count,
  differences: z.array(
    z.object({
      table,
      key: z.array(z.union([z.string(), z.number()])),
      /** `missing`: the log makes it and the store has none; `extra`: the other way round. */
      kind: z.enum(['missing', 'extra', 'different']),
      columns: z.array(z.object({ name: z.string(), made: z.unknown(), found: z.unknown() })),
    }),
  ),
};

/** One line of a replay. */
export const replayedRow = z.object({ table, row: z.record(z.string(), z.unknown()) });

export const rowDifferences = z.object({
  /** Event up to which both sides tell. */
  seq: count,
  ...comparison,
}) satisfies z.ZodType<AgainstLive>;

export const verification = z.object({
  /** No row differs. */
  holds: z.boolean(),
  /** Shard → sequence that both sides tell up to. */
  at: z.record(z.string(), count),
  ...comparison,
}) satisfies z.ZodType<Verification>;
