import { z } from 'zod';
import type { EvidenceRow, ItemRow, PageRow } from '#libs/engine/ports';
import { pageStory } from './page-answers.js';
import { count, seq } from './parts.js';

const anyObject = z.record(z.string(), z.unknown());

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
