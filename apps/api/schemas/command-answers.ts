import { z } from 'zod';
import { jobSpecChanges } from '#libs/events';
import { forked } from './history-answers.js';
import { retryPlan, selectedPages } from './page-answers.js';
import { count, jobStatus, links, seq } from './parts.js';

export const commandAnswer = z.object({
  jobId: z.string(),
  status: jobStatus,
  run: z.int().positive(),
  generation: z.int().positive(),
  /** Sequence of the decision in the log. */
  seq,
  links,
});

const byStage = z.record(z.string(), count);
const changed = z.array(z.object({ field: z.string(), from: z.unknown(), to: z.unknown() }));
/** Where a resume goes on: pages of each stage with an outcome and without. */
const resumedFrom = z.object({
  done: byStage,
  remaining: byStage,
  lastPage: z.int().nullable(),
  nextPage: z.int().nullable(),
  diff: changed,
});

/** What a resume would do, and how the way through the proxy was found; nothing is changed. */
export const resumePlan = resumedFrom.extend({
  jobId: z.string(),
  dryRun: z.literal(true),
  /** False: the proxy does not let it. */
  wouldResume: z.boolean(),
  /** Sequence that the counts are true at. */
  seq,
  nextUrl: z.string().nullable(),
  /** Null: no proxy, or no page to fetch. */
  proxy: z
    .union([
      z.object({ ok: z.literal(true), ms: z.number() }),
      z.object({
        ok: z.literal(false),
        code: z.string(),
        statusCode: z.int(),
        message: z.string(),
        vendorText: z.string().nullable(),
        hint: z.string(),
      }),
    ])
    .nullable(),
});

export const resumeAnswer = z.union([commandAnswer.extend(resumedFrom.partial().shape), resumePlan]);

export const retryAnswer = z.union([commandAnswer.extend(selectedPages.shape), retryPlan]);

export const forkAnswer = commandAnswer.extend(forked);

const reason = z.string().min(1).max(1000).optional();
export const commandBody = z.strictObject({ reason });
export const resumeBody = z.strictObject({
  reason,
  changes: jobSpecChanges.optional(),
  /** Say what would happen, and change nothing. */
  dryRun: z.boolean().optional(),
});
