import { z } from 'zod';
import { defineEvent } from '../define.js';
import { decisionRef } from '../shared-schemas.js';

export const pageCounts = z.object({
  discovered: z.int(),
  fetched: z.int(),
  failed: z.int(),
  skipped: z.int(),
  open: z.int(),
});

/** No page is open, or a budget is used up and nothing is in flight. */
export const JobCompleted = defineEvent({
  type: 'JobCompleted',
  family: 'job',
  data: z.object({
    ...decisionRef,
    run: z.int().positive(),
    because: z.enum(['exhausted', 'max-pages', 'max-duration', 'max-bytes']),
    pages: pageCounts,
  }),
});
