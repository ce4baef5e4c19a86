import { z } from 'zod';
import type { PageAttempt } from '#libs/engine';
import { pageFilter } from '#libs/job';

/** One try of a page, as the log has it. */
export const pageAttempt = z.object({
  seq: z.int(),
  run: z.int(),
  try: z.int(),
  attempt: z.int().nullable(),
  result: z.enum(['retried', 'fetched', 'failed', 'skipped']),
  code: z.string().nullable(),
  message: z.string().nullable(),
  statusCode: z.int(),
  recordedAt: z.string(),
  startedAt: z.string().nullable(),
  durationMs: z.number().nullable(),
  retryDelayMs: z.number().nullable(),
  retryAfterMs: z.number().nullable(),
}) satisfies z.ZodType<PageAttempt>;

/** What a page with its evidence tells beyond its row. */
export const pageStory = {
  attempts: z.array(pageAttempt),
  /** It was asked for again and is not fetched yet: the row is the one before. */
  openAgain: z.boolean(),
  /** `body` only where one is stored. */
  links: z.record(z.string(), z.string()),
};

/** Which pages are to be fetched again: either by `filter`, or by `urls`. */
export const retryBody = z.strictObject({
  filter: pageFilter.optional(),
  urls: z.array(z.string().max(8192)).optional(),
  reason: z.string().min(1).max(1000).optional(),
  /** Say which pages match, and change nothing. */
  dryRun: z.boolean().default(false),
});

/** `pages`: how many are open again. `urls`: the first of them. */
export const selectedPages = z.object({ pages: z.int().nonnegative(), urls: z.array(z.string()) });
export const retryPlan = selectedPages.extend({ jobId: z.string(), dryRun: z.literal(true) });
