import { z } from 'zod';
import { resolvedJobSpec } from '#libs/events';
import type { ExplainedFailure, JobDiff, JobExplanation } from '#libs/engine';
import type { JobAt, JobProofReport } from '#libs/job';
import { count, seq, jobStatus as status } from './parts.js';

/** discovered = fetched + failed + skipped + open. */
const pages = z.object({ discovered: count, fetched: count, failed: count, skipped: count, open: count });
const stages = z.record(z.string(), z.object({ open: count, fetched: count, failed: count, skipped: count }));

const at = {
  jobId: z.string(),
  /** The last event that is folded in, and its server time (ISO 8601). */
  seq,
  storedAt: z.string(),
  name: z.string().nullable(),
  status,
  run: z.int(),
  generation: z.int(),
  reason: z.string().nullable(),
  pages,
  stages,
  /** Of a paginated job: up to where every page is done, and the first that is not. */
  lastPage: z.int().nullable(),
  nextPage: z.int().nullable(),
  nextUrl: z.string().nullable(),
  retries: count,
  redirects: count,
  receivedBytes: count,
  ranMs: z.number(),
};

export const jobStateAt = z.object({
  ...at,
  lastError: z
    .object({
      ...{ code: z.string(), message: z.string(), hint: z.string(), url: z.string() },
      ...{ page: z.int().nullable(), seq },
    })
    .nullable(),
  spec: resolvedJobSpec,
}) satisfies z.ZodType<JobAt>;

const failure = z.object({
  seq,
  at: z.string(),
  type: z.enum(['FetchFailed', 'PageFetched', 'ProxyFailed']),
  url: z.string(),
  page: z.int().nullable(),
  /** A code of the failure table. */
  code: z.string(),
  message: z.string(),
  statusCode: z.int(),
  attempt: z.int().nullable(),
  vendorText: z.string().nullable(),
  hint: z.string(),
  evidence: z.array(
    z.object({ type: z.string(), content: z.string(), metadata: z.record(z.string(), z.unknown()) }),
  ),
}) satisfies z.ZodType<ExplainedFailure>;

export const explanation = z.object({
  ...at,
  /** Null unless its status is `error`. */
  stoppedBy: failure.nullable(),
  firstFailure: failure.nullable(),
  /** By code, the most frequent first. */
  failures: z.array(
    z.object({ code: z.string(), pages: count, url: z.string(), hint: z.string().nullable() }),
  ),
  inFlight: z.object({
    count,
    tasks: z.array(z.object({ url: z.string(), run: z.int(), try: z.int(), attempt: z.int() })),
  }),
  /** Why the other open pages are not being fetched at this moment. */
  waiting: z.array(
    z.object({
      why: z.enum([
        ...(['not-running', 'nobody-runs-it', 'budget', 'retry-due'] as const),
        ...(['host-asked', 'crawl-delay', 'robots-unknown', 'pace'] as const),
      ]),
      pages: count,
      detail: z.string(),
      host: z.string().nullable(),
      until: z.string().nullable(),
    }),
  ),
  hint: z.string().nullable(),
  /** Commands of the CLI that go on. */
  commands: z.array(z.string()),
}) satisfies z.ZodType<JobExplanation>;

const list = z.object({ count, pages: z.array(z.object({ url: z.string(), seq })) });
const place = z.object({ seq, storedAt: z.string() });
export const jobDiff = z.object({
  jobId: z.string(),
  /** Null: the job had not begun. */
  from: place.extend({ storedAt: z.string().nullable() }),
  to: place,
  changes: z.array(z.object({ field: z.string(), from: z.unknown(), to: z.unknown() })),
  /** How many had their outcome in between or were opened again; the first hundred by name. */
  pages: z.object({ fetched: list, failed: list, skipped: list, reopened: list }),
  /** Type → events. */
  events: z.record(z.string(), count),
}) satisfies z.ZodType<JobDiff>;

/** `sha256` of the page keys, sorted, each followed by a line feed; a key is the first 22 characters of base64url(sha256(url)). */
const pageSet = z.object({ pages: count, sha256: z.string() });
export const jobProof = z.object({
  ...{ jobId: z.string(), seq, storedAt: z.string(), status, run: z.int(), generation: z.int(), pages },
  known: pageSet,
  done: pageSet,
  runs: z.array(
    z.object({
      run: z.int(),
      generation: z.int(),
      began: z.string(),
      fromSeq: seq,
      toSeq: seq,
      before: pageSet,
      reopened: count,
      kept: pageSet,
      after: pageSet,
      refetched: count,
      repeated: count,
    }),
  ),
  violations: z.array(z.object({ seq, what: z.string() })),
  holds: z.boolean(),
});
jobProof satisfies z.ZodType<Omit<JobProofReport, 'runs'>>;
