import { z } from 'zod';
import { TIERS } from '#libs/events';
import { scrapeFailures } from '#libs/failures';
import { FORMATS, MAX_BATCH_URLS } from '#libs/engine/scrape';

const count = z.int().nonnegative();

/** For the docs: the endpoint checks what it is given in its own order and words. */
const scrapeBody = z.object({
  url: z.string().max(2048),
  format: z.enum(FORMATS).default('text'),
  /** Of the payer, with the signature of a transaction that pays; instead of a key. */
  wallet: z.string().optional(),
  tx_signature: z.string().optional(),
  /** Where it shall be fetched: by any scrape node of a region, or by one node. */
  region: z.string().max(64).optional(),
  node: z.string().max(64).optional(),
  /** When no node answers: fetch it centrally, where the operator allows it, or fail with node_routing_failed. */
  fallback: z.boolean().default(true),
});

const scrapeAnswer = z.object({
  success: z.literal(true),
  url: z.string(),
  /** Text; for `json` whatever the page holds. */
  content: z.unknown(),
  format: z.enum(FORMATS),
  /** What the target answered. */
  status_code: z.int(),
  timestamp: z.string(),
  api_key_used: z.literal(true).optional(),
  tier: z.enum(TIERS).optional(),
  tx_verified: z.literal(true).optional(),
  watt_charged: z.int().optional(),
  /** With `region` or `node`: whether one has fetched it, and which. */
  routed_to_node: z.boolean().optional(),
  node_id: z.string().optional(),
});

/** Of the routes beside the scrape itself, from the table of all failures. */
const OF_REQUEST = ['invalid_request', 'not_found', 'job_not_found', 'conflict'];

const scrapeError = z.object({
  success: z.literal(false),
  error: z.enum([...Object.keys(scrapeFailures), ...OF_REQUEST]),
  message: z.string(),
  status_code: z.int().optional(),
  valid_formats: z.array(z.string()).optional(),
  price_watt: z.int().optional(),
  payment_to: z.string().optional(),
  methods: z.array(z.string()).optional(),
  retry_after_seconds: z.int().optional(),
  tier: z.string().optional(),
  max_bytes: z.int().optional(),
  received_bytes: z.int().optional(),
  /** Of invalid_request: what is wrong. */
  field: z.string().optional(),
});

const usage = z.object({
  keyId: z.string(),
  tier: z.enum(TIERS),
  hours: z.array(
    z.object({
      hour: z.string(),
      served: count,
      refused: count,
      bytes: count,
      refusedByCode: z.record(z.string(), count),
    }),
  ),
});

const pricing = z.object({
  methods: z.array(z.enum(['api_key', 'watt_payment'])),
  price_watt: count.optional(),
  payment_to: z.string().optional(),
  tx_max_age_minutes: count.optional(),
  tiers: z.record(z.enum(TIERS), z.object({ perHour: count, perUrlPerHour: count })),
});

const url = z.string().max(2048);
const format = z.enum(FORMATS);
const batchBody = z.strictObject({
  urls: z
    .array(z.union([url, z.strictObject({ url, format: format.optional() })]))
    .min(1)
    .max(MAX_BATCH_URLS),
  /** Of the URLs that name none. */
  format: format.default('text'),
});

const batchAnswer = z.object({
  success: z.literal(true),
  batch_id: z.string(),
  /** `stopped`, `error` and `done` are ends. */
  status: z.enum(['running', 'paused', 'stopped', 'error', 'done', 'removed']),
  total: count,
  /** URLs that have a result. */
  completed: count,
  created_at: z.string(),
  links: z.object({ self: z.string(), events: z.string() }),
});

const place = { index: count, url: z.string(), format };
const batchResults = batchAnswer.extend({
  /** In the order of the batch; those that are still to come are left out. */
  results: z.array(
    z.union([scrapeAnswer.extend(place), scrapeError.extend({ ...place, timestamp: z.string().optional() })]),
  ),
  /** `from` of the next page; null: these are all that there are. */
  next: count.nullable(),
});

export const scrapeInputs = { Scrape: scrapeBody, ScrapeBatch: batchBody };
export const scrapeAnswers = {
  ScrapeAnswer: scrapeAnswer,
  ScrapeError: scrapeError,
  ScrapeBatchAnswer: batchAnswer,
  ScrapeBatchResults: batchResults,
  Usage: usage,
  Pricing: pricing,
};
export type UsageAnswer = z.output<typeof usage>;
export type PricingAnswer = z.output<typeof pricing>;
