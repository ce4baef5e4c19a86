import { z } from 'zod';
import { defineEvent } from '../define.js';

/** Who asked: a key, or the wallet that paid. */
export const caller = {
  requestId: z.string(),
  keyId: z.string().nullable(),
  wallet: z.string().nullable(),
  /** Host of the URL; the rest of it may be private to the caller. */
  host: z.string(),
  format: z.enum(['html', 'json', 'text']),
  durationMs: z.number(),
};

/** Content was handed out. */
export const ScrapeServed = defineEvent({
  type: 'ScrapeServed',
  family: 'account',
  data: z.object({
    ...caller,
    statusCode: z.int(),
    /** Over the wire from the target. */
    bytes: z.int().nonnegative(),
    /** WATT; 0 for keys. */
    charged: z.int().nonnegative(),
    /** Transaction that paid for it. */
    signature: z.string().nullable(),
    /** Node that fetched it; null: the central one. */
    nodeId: z.string().nullable(),
  }),
});
