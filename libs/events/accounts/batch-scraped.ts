import { z } from 'zod';
import { defineEvent } from '../define.js';

/**
 * What became of URLs of a batch: each of them once, in the first event after its outcome. Stored under the batch's own subject,
 * which says what was counted already.
 */
export const BatchScraped = defineEvent({
  type: 'BatchScraped',
  family: 'account',
  data: z.object({
    /** The job. */
    batchId: z.string(),
    keyId: z.string(),
    /** The decision of the job at which it was counted. */
    seq: z.int().nonnegative(),
    results: z.array(
      z.object({
        /** Place in the batch. */
        index: z.int().nonnegative(),
        host: z.string(),
        format: z.enum(['html', 'json', 'text']),
        /** Code of the scrape endpoint; null: content can be read. */
        code: z.string().nullable(),
        statusCode: z.int().nullable(),
        /** Over the wire from the target. */
        bytes: z.int().nonnegative(),
        durationMs: z.number(),
      }),
    ),
  }),
});
