import { z } from 'zod';
import { resolvedJobSpec } from '#libs/events';
import type { JobProgress, JobRow } from '#libs/engine/ports';
import { count, jobStatus, links, seq } from './parts.js';

const counts = z.object({
  /** Sequence that these numbers are true at. */
  seq,
  fetched: count,
  failed: count,
  skipped: count,
  retries: count,
  redirects: count,
  bytes: count,
  statusCodes: z.record(z.string(), count),
});

const progress: z.ZodType<JobProgress> = z.object({
  jobId: z.string(),
  status: z.string(),
  run: z.int(),
  seq,
  discovered: count,
  fetched: count,
  failed: count,
  skipped: count,
  queued: count,
  inFlight: count,
  waiting: count,
});

export const jobAnswer = z.object({
  jobId: z.string(),
  name: z.string().nullable(),
  /** Id of the API key whose job it is; null: the operator's. */
  owner: z.string().nullable(),
  status: jobStatus,
  run: z.int().positive(),
  generation: z.int().positive(),
  /** Sequence of the last decision: status, run, generation and lastError are true at it. */
  seq,
  /** ISO 8601, time of the server that stored the decision. */
  createdAt: z.string(),
  updatedAt: z.string(),
  reason: z.string().nullable(),
  lastError: z
    .object({
      code: z.string(),
      message: z.string(),
      hint: z.string(),
      url: z.string(),
      page: z.int().nullable(),
      seq,
    })
    .nullable(),
  /** Of the read model, which may lag; null as long as it has not seen the job. */
  counts: counts.nullable(),
  /** What the coordinator said last, while it runs; for people who watch. */
  progress: progress.nullable(),
  spec: resolvedJobSpec,
  links,
});

export const jobRow = z.object({
  jobId: z.string(),
  name: z.string().nullable(),
  /** Id of the API key whose job it is; null: the operator's. */
  owner: z.string().nullable(),
  status: jobStatus,
  run: z.int(),
  generation: z.int(),
  fetched: count,
  failed: count,
  skipped: count,
  retries: count,
  redirects: count,
  bytes: count,
  statusCodes: z.record(z.string(), count),
  /** Versions of the items that are whole, the newest last. */
  itemVersions: z.array(z.int().positive()),
  lastError: z.string().nullable(),
  lastErrorCode: z.string().nullable(),
  hint: z.string().nullable(),
  createdAt: z.string(),
  updatedAt: z.string(),
  endedAt: z.string().nullable(),
  seq,
}) satisfies z.ZodType<Omit<JobRow, 'spec'>>;
