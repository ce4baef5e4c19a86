import { z } from 'zod';
import { defineEvent } from '../define.js';
import { decisionRef } from '../shared-schemas.js';

/** Named pages are open again, their attempts start from 0, and the job runs. */
export const PagesRequeued = defineEvent({
  type: 'PagesRequeued',
  family: 'job',
  bulky: ['urls'],
  data: z.object({
    ...decisionRef,
    run: z.int().positive(),
    /** What was asked for, as it was asked. */
    filter: z.record(z.string(), z.unknown()),
    urls: z.array(z.string()),
  }),
});
