import { z } from 'zod';

const count = z.int().nonnegative();

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
