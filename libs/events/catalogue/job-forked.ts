import { z } from 'zod';
import { defineEvent } from '../define.js';
import { decisionRef, historyRef, owner } from '../shared-schemas.js';
import { jobSpecChanges } from '../job-spec.js';

/**
 * What stands before it is another job's history up to a point, copied whole; from here on the job is its own. A new run of the
 * same generation, behind what has an outcome.
 */
export const JobForked = defineEvent({
  type: 'JobForked',
  family: 'job',
  data: z.object({
    ...decisionRef,
    /** Whoever forked it: that of the parent does not come along. */
    owner,
    run: z.int().positive(),
    /** The job that it was forked from, and the last sequence of that job's history that came along. */
    parent: historyRef,
    /** Events that were copied. */
    events: z.int().nonnegative(),
    /** Bodies that came along, and those that the parent did not have any more. */
    bodies: z.object({ linked: z.int().nonnegative(), missing: z.int().nonnegative() }),
    /** What this job does differently, as it was asked for. */
    changes: jobSpecChanges.optional(),
    /** What that changes in fact. */
    diff: z.array(z.object({ field: z.string(), from: z.unknown(), to: z.unknown() })).optional(),
  }),
});
