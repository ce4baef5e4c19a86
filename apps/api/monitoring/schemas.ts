import { z } from 'zod';
import { jobSpec, jobSpecChanges } from '#libs/events';
import { oneOf, text } from '../schemas/queries.js';
import { count, jobStatus as status } from '../schemas/parts.js';

export const ACTIONS = ['stop', 'pause', 'resume', 'restart', 'status'] as const;
export type Action = (typeof ACTIONS)[number];

/** By the name of the stage. */
const byStage = z.record(z.string(), count);
const pageNumber = z.int().nonnegative().nullable();
const time = z.string();
const reason = z.string().min(1).max(1000).optional();
const required = 'jobId and action are required';
const id = z.string(required).min(1, required).max(200);

export const controlBody = z.strictObject({
  jobId: id,
  action: z
    .string(required)
    .min(1, required)
    .pipe(z.enum(ACTIONS, { error: `Invalid action. Supported actions: ${ACTIONS.join(', ')}` })),
  /** Only checked to be one of the job's: a command is always to the whole job. */
  stage: z.string().max(64).optional(),
  /** Kept in the history. */
  reason,
});

export const controlError = z.object({
  success: z.literal(false),
  error: z.string(),
  code: z.string(),
  hint: z.string(),
  timestamp: time,
  requestId: z.string().optional(),
});

export const controlAnswer = z.object({
  success: z.literal(true),
  message: z.string(),
  jobId: z.string(),
  status,
  /** The stage that is worked on; the last one when none is. */
  stage: z.string(),
  timestamp: time,
  run: count,
  generation: count,
  /** Of a paginated job: the page up to which every page has an outcome. */
  lastPage: pageNumber,
  nextPage: pageNumber,
  /** After a resume: pages of each stage that are done and not requested again. */
  resumeFrom: byStage.optional(),
  /** Pages of each stage that are done. */
  stats: byStage.optional(),
  lastError: z.string().nullable().optional(),
});

export const statusQuery = z.strictObject({
  jobId: z.string('jobId is required').min(1, 'jobId is required').max(200),
});
export const dashboardQuery = z.strictObject({ jobId: text(200).optional() });

const totals = z.object({
  known: count,
  fetched: count,
  failed: count,
  skipped: count,
  open: count,
});

export const segmentStatus = z.object({
  id: z.string(),
  jobType: z.enum(['segmentation', 'crawl']),
  name: z.string().nullable(),
  status,
  stage: z.string(),
  run: count,
  generation: count,
  lastPage: pageNumber,
  nextPage: pageNumber,
  /** Pages with an outcome. */
  processedCount: count,
  /** Pages known in the stage after the first; in all, when there is one stage. */
  totalCompanies: count,
  totals,
  /** Pages without a usable response, and 1 for the error that the job stopped with. */
  errorCount: count,
  lastError: z.string().nullable(),
  lastErrorCode: z.string().nullable(),
  hint: z.string().nullable(),
  reason: z.string().nullable(),
  /** Whether the read models hold all that the log does; null when Postgres does not answer. */
  migrationStatus: z.enum(['pending', 'completed']).nullable(),
  createdAt: time,
  updatedAt: time,
  stats: byStage,
  /** Sequence of the log that all of this is true at. */
  seq: count,
});

export const startAnswer = z.object({
  success: z.literal(true),
  message: z.string(),
  jobId: z.string(),
  status,
  stage: z.string(),
  timestamp: time,
  resumeFrom: byStage.optional(),
});

/** A job to go on with; anything else is a job spec. */
export const startById = z.strictObject({ jobId: id, reason, changes: jobSpecChanges.optional() });

const stageProgress = z.object({
  status: z.enum(['pending', 'running', 'done']),
  done: count,
  total: count,
  percent: z.number(),
});

export const dashboard = z.object({
  success: z.literal(true),
  timestamp: time,
  /** The job that was asked for; else the newest that runs, else the newest; null when there is none. */
  jobId: z.string().nullable(),
  status: z.union([status, z.literal('idle')]),
  stage: z.string().nullable(),
  progress: z.object({
    processed: count,
    /** Known so far: may grow while the job runs. */
    total: count,
    percent: z.number(),
    /** Per minute, over the last minute at most; 0 when the job does not run. */
    rates: z.object({ pagesPerMinute: count, errorsPerMinute: count }),
  }),
  /** Null when nothing can be told. */
  estimates: z.object({
    secondsLeft: count.nullable(),
    finishesAt: time.nullable(),
  }),
  stages: z.record(z.string(), stageProgress),
  systemHealth: z.object({
    status: z.enum(['healthy', 'degraded', 'down']),
    nats: z.enum(['ok', 'unavailable']),
    postgres: z.enum(['ok', 'unavailable']),
    /** `silent`: the job is to run, and no coordinator speaks of it. */
    engine: z.enum(['ok', 'idle', 'silent']),
    /** Events that the read models are behind; null when that cannot be told. */
    lag: count.nullable(),
  }),
  errorCount: count,
  lastError: z.string().nullable(),
  hint: z.string().nullable(),
});

export const sessionsQuery = z.strictObject({
  status: oneOf(['running', 'paused', 'stopped', 'error', 'done', 'removed']).optional(),
  limit: z
    .string('must be given once')
    .regex(/^\d{1,4}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(1000))
    .default(50),
  cursor: text(500).optional(),
});

/** Of the read model, which may be a moment behind; `seq` says where. */
const sessionRow = z.object({
  id: z.string(),
  name: z.string().nullable(),
  status,
  run: count,
  generation: count,
  processedCount: count,
  errorCount: count,
  lastError: z.string().nullable(),
  hint: z.string().nullable(),
  createdAt: time,
  updatedAt: time,
  seq: count,
});

export const sessions = z.object({
  success: z.literal(true),
  sessions: z.array(sessionRow),
  next: z.string().nullable(),
});

export const session = segmentStatus.extend({
  success: z.literal(true),
  /** Actions that its status allows. */
  actions: z.array(z.enum(ACTIONS)),
  /** Its decisions, oldest first. */
  history: z.array(
    z.object({ seq: count, type: z.string(), time, run: count.optional(), reason: z.string().nullable() }),
  ),
});

export const monitoringInputs = { Control: controlBody, SegmentStart: z.union([startById, jobSpec]) };
export const monitoringAnswers = {
  ControlError: controlError,
  ControlAnswer: controlAnswer,
  SegmentStatus: segmentStatus,
  SegmentStartAnswer: startAnswer,
  Dashboard: dashboard,
  Sessions: sessions,
  Session: session,
};
