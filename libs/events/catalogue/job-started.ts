import { z } from 'zod';
import { defineEvent } from '../define.js';
import { decisionRef, owner } from '../shared-schemas.js';
import { scrapeBatch } from '../scrape-batch.js';
import { resolvedJobSpec } from '../job-spec.js';

/** A job exists and runs: run 1 of generation 1. `start` holds canonical URLs; it may be a million long. */
export const JobStarted = defineEvent({
  type: 'JobStarted',
  family: 'job',
  bulky: ['start'],
  data: z.object({
    ...decisionRef,
    owner,
    run: z.literal(1),
    generation: z.literal(1),
    spec: resolvedJobSpec,
    start: z.array(z.string()),
    /** Of a job that is a batch of scrapes. */
    scrape: scrapeBatch.optional(),
  }),
});
