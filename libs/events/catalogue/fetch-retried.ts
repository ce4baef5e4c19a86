import { z } from 'zod';
import { defineEvent } from '../define.js';
import { fetchTiming, pageRef } from '../shared-schemas.js';

/** One try failed and the page stays open: due again `delayMs` after the event's server time. */
export const FetchRetried = defineEvent({
  type: 'FetchRetried',
  family: 'page',
  data: z.object({
    ...pageRef,
    attempt: z.int().positive(),
    /** False when the try burns no attempt (a tolerated proxy failure). */
    burned: z.boolean(),
    code: z.string(),
    message: z.string(),
    statusCode: z.int(),
    delayMs: z.int().nonnegative(),
    /** What the site asked for by Retry-After, before the cap. */
    retryAfterMs: z.int().nonnegative().optional(),
    timing: fetchTiming.optional(),
    /** Of a tolerated proxy failure: what the proxy said, and what helps. */
    vendorText: z.string().nullable().optional(),
    hint: z.string().optional(),
  }),
});
