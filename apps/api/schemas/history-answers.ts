import { z } from 'zod';
import { jobSpecChanges } from '#libs/events';
import { count } from './parts.js';

const reason = z.string().min(1).max(1000).optional();

export const forkBody = z.strictObject({
  /** Last sequence of the log that comes along; default: all of the job's history. */
  at: z.int().positive().optional(),
  /** What the new job does differently. */
  changes: jobSpecChanges.optional(),
  reason,
});

/** What came along with a fork, and where it stands. */
export const forked = {
  parent: z.object({ jobId: z.string(), seq: count }),
  /** Events that were copied. */
  events: count,
  /** Bodies that came along, and those that the other job did not have any more. */
  bodies: z.object({ linked: count, missing: count }),
  diff: z.array(z.object({ field: z.string(), from: z.unknown(), to: z.unknown() })).optional(),
  pages: z.object({ discovered: count, fetched: count, failed: count, skipped: count, open: count }),
};
