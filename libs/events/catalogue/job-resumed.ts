import { z } from 'zod';
import { defineEvent } from '../define.js';
import { decisionRef } from '../shared-schemas.js';
import { jobSpecChanges } from '../job-spec.js';

/** A new run of the same generation: goes on behind what has an outcome. */
export const JobResumed = defineEvent({
  type: 'JobResumed',
  family: 'job',
  data: z.object({
    ...decisionRef,
    run: z.int().positive(),
    /** What this run does differently. */
    changes: jobSpecChanges.optional(),
  }),
});
