import { z } from 'zod';
import { catalogue, jobSpec, jobSpecChanges, resolvedJobSpec, type LogEntry } from '#libs/events';
import { findingCodes } from '#libs/engine/health';
import { failures } from '#libs/failures';
import type { EvidenceRow, ItemRow, JobProgress, JobRow, PageRow } from '#libs/engine/ports';
import { explanation, jobDiff, jobProof, jobStateAt } from './job-answers.js';
import { projectionsAnswer, replayedRow, rowDifferences, verification } from './projection-answers.js';
import { pageStory, retryBody, retryPlan, selectedPages } from './page-answers.js';
import { forkBody, forked } from './history-answers.js';
import { delivery, redeliverInput, webhookCreated, webhookInput, webhookView } from '#libs/webhooks';
import { monitoringAnswers, monitoringInputs } from '../monitoring/schemas.js';
import { scrapeAnswers, scrapeInputs } from '../scrape/schemas.js';

const count = z.int().nonnegative();
const seq = z.int();
const anyObject = z.record(z.string(), z.unknown());
const status = z.enum(['running', 'paused', 'stopped', 'error', 'done', 'removed']);

export const errorAnswer = z.object({
  error: z.object({
    code: z.enum(Object.keys(failures)),
    message: z.string(),
    hint: z.string(),
    field: z.string().optional(),
    issues: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    requestId: z.string().optional(),
  }),
});

const links = z.record(z.string(), z.string());

export const commandAnswer = z.object({
  jobId: z.string(),
  status,
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
  status,
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
  status,
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

export const pageRow = z.object({
  id: z.string(),
  jobId: z.string(),
  generation: z.int(),
  url: z.string(),
  finalUrl: z.string(),
  outcome: z.enum(['fetched', 'failed']),
  statusCode: z.int(),
  errorCode: z.string().nullable(),
  title: z.string().nullable(),
  h1: z.string().nullable(),
  stage: z.string(),
  depth: count,
  loadTime: z.number().nullable(),
  contentType: z.string().nullable(),
  robotsBlocked: z.boolean(),
  bodySha256: z.string().nullable(),
  metadata: anyObject,
  seq,
}) satisfies z.ZodType<PageRow>;

export const itemRow = z.object({
  id: z.string(),
  jobId: z.string(),
  pageId: z.string(),
  url: z.string(),
  stage: z.string(),
  index: count,
  version: z.int().positive(),
  data: anyObject,
  seq,
}) satisfies z.ZodType<ItemRow>;

export const evidenceRow = z.object({
  id: z.string(),
  jobId: z.string(),
  pageId: z.string(),
  url: z.string(),
  type: z.string(),
  content: z.string(),
  metadata: anyObject,
  seq,
}) satisfies z.ZodType<EvidenceRow>;

export const pageAnswer = pageRow.extend({ evidence: z.array(evidenceRow), ...pageStory });

export const retryAnswer = z.union([commandAnswer.extend(selectedPages.shape), retryPlan]);

/** `next`: what to give as `cursor` for the next page; null at the end. */
const pageOf = <T extends z.ZodType>(row: T) =>
  z.object({ items: z.array(row), next: z.string().nullable() });

const event = z.object({
  id: z.string(),
  jobId: z.string(),
  time: z.string(),
  causationId: z.string().optional(),
  traceparent: z.string().optional(),
  seq,
  storedAt: z.number(),
});
const events = Object.values(catalogue).map((definition) =>
  event.extend({ type: z.literal(definition.type), data: definition.data }),
);
const unreadable = z.object({
  unreadable: z.literal(true),
  seq,
  storedAt: z.number(),
  subject: z.string(),
  jobId: z.string().nullable(),
  type: z.string().nullable(),
  id: z.string().nullable(),
  reason: z.string(),
});

export const eventsAnswer = z.object({
  items: z.array(z.union([...events, unreadable])),
  /** What to give as `from` to go on; with `reverse`, as `to`. */
  next: seq,
  /** True when the log held nothing more of what was asked for at that moment. */
  caughtUp: z.boolean(),
});

export interface EventsPage {
  items: LogEntry[];
  next: number;
  caughtUp: boolean;
}

export const readyAnswer = z.object({
  /** `degraded`: the engine works, and a person should look. `unavailable` comes with 503. */
  status: z.enum(['ok', 'degraded', 'unavailable']),
  nats: z.enum(['ok', 'unavailable']),
  postgres: z.enum(['ok', 'unavailable', 'unused']),
  /** Events of each shard that the projector has not seen; null where that cannot be told. */
  shards: z.array(
    z.object({
      shard: z.int(),
      lastSeq: seq.nullable(),
      projected: seq.nullable(),
      lag: count.nullable(),
      /** For how long the oldest of them has been waiting. */
      lagSeconds: z.number().nullable(),
      /** Events that wait behind one that could not be read or stored. */
      parked: count,
    }),
  ),
  findings: z.array(
    z.object({
      code: z.enum(findingCodes),
      severity: z.enum(['failing', 'warning']),
      message: z.string(),
      hint: z.string(),
      /** What mends it, or begins to. */
      command: z.string().nullable(),
      shard: z.int().optional(),
      jobs: z.array(z.string()).optional(),
    }),
  ),
  /** By part of the engine: up or down, with the codes of its findings. */
  details: z.record(
    z.string(),
    z.object({
      status: z.enum(['up', 'degraded', 'down']),
      findings: z.array(z.enum(findingCodes)).optional(),
    }),
  ),
});

const healthAnswer = z.object({ status: readyAnswer.shape.status, timestamp: z.string() });
export const liveAnswer = z.object({ status: z.literal('ok') });

const fieldRule = jobSpec.shape.stages.unwrap().element.shape.fields.unwrap().valueType;

const reason = z.string().min(1).max(1000).optional();
export const commandBody = z.strictObject({ reason });
export const resumeBody = z.strictObject({
  reason,
  changes: jobSpecChanges.optional(),
  /** Say what would happen, and change nothing. */
  dryRun: z.boolean().optional(),
});

/** What requests carry, by its name in the OpenAPI document. */
export const inputSchemas = {
  JobSpec: jobSpec,
  FieldRule: fieldRule,
  Command: commandBody,
  Resume: resumeBody,
  Retry: retryBody,
  Fork: forkBody,
  Webhook: webhookInput,
  Redeliver: redeliverInput,
  ...monitoringInputs,
  ...scrapeInputs,
};

/** What answers carry, by its name in the OpenAPI document. */
export const answerSchemas = {
  Error: errorAnswer,
  WebhookCreated: webhookCreated,
  WebhookAnswer: webhookView,
  Webhooks: z.object({ items: z.array(webhookView) }),
  Delivery: delivery,
  Deliveries: z.object({ items: z.array(delivery) }),
  CommandAnswer: commandAnswer,
  Projections: projectionsAnswer,
  Verification: verification,
  ReplayedRow: replayedRow,
  RowDifferences: rowDifferences,
  ResumeAnswer: resumeAnswer,
  RetryAnswer: retryAnswer,
  ForkAnswer: commandAnswer.extend(forked),
  Job: jobAnswer,
  Jobs: pageOf(jobRow),
  Page: pageAnswer,
  Pages: pageOf(pageRow),
  Items: pageOf(itemRow),
  EvidencePage: pageOf(evidenceRow),
  Events: eventsAnswer,
  JobExplanation: explanation,
  JobState: jobStateAt,
  JobDiff: jobDiff,
  JobProof: jobProof,
  Health: healthAnswer,
  Live: liveAnswer,
  Ready: readyAnswer,
  ...monitoringAnswers,
  ...scrapeAnswers,
  FieldRule: fieldRule,
};
