import { z } from 'zod';

/** Which page of which job an event speaks of; the same five fields open every page event. */
export const pageRef = {
  /** Canonical URL of the page, as it was admitted to the frontier. */
  url: z.string(),
  generation: z.int().positive(),
  run: z.int().positive(),
  /** 1 + the highest try seen in this run, whether it burned an attempt or not. */
  try: z.int().positive(),
  stage: z.string(),
  /** Links followed from a start URL to here. */
  depth: z.int().nonnegative(),
};

/** A job's history up to and with a sequence. */
export const historyRef = z.object({ jobId: z.string(), seq: z.int().nonnegative() });

/** Id of the API key whose job it is; left out: nobody's but the operator's. Such a job is seen with a key of scope admin alone. */
export const owner = z.string().optional();

/** Every decision carries who asked and why; `commandId` makes it idempotent. */
export const decisionRef = {
  commandId: z.string(),
  reason: z.string().optional(),
  /**
   * Of a decision that was copied with a history: where it was made, and how far that history goes. It tells what was, and sets
   * nothing going here. A page fact that was copied names the original in its causation id.
   */
  copiedFrom: historyRef.extend({ upTo: z.int().nonnegative() }).optional(),
};

export const redirectStep = z.object({
  url: z.string(),
  statusCode: z.int(),
  location: z.string().nullable(),
  ms: z.number(),
});

export const robotsVerdict = z.object({
  policy: z.enum(['mark', 'obey', 'ignore']),
  allowed: z.boolean(),
  confidence: z.enum(['high', 'medium', 'low']),
  reason: z.string(),
  /** The rule line that decided, as the site wrote it. */
  rule: z.string().nullable(),
  /** Nothing is known of the rules: robots.txt could not be read, which forbids everything for as long as it lasts. */
  unreachable: z.boolean().optional(),
  /** What robots.txt asked for, in ms, and what is honoured after the cap. */
  crawlDelayMs: z.number().optional(),
  crawlDelayHonouredMs: z.number().optional(),
});

export const fetchTiming = z.object({
  /** Worker's clock, ms since the epoch. */
  startedAt: z.number(),
  durationMs: z.number(),
  ttfbMs: z.number().optional(),
});

export const bodyRef = z.object({
  sha256: z.string(),
  /** Bytes as stored, in `encoding`. */
  storedBytes: z.int(),
  encoding: z.enum(['identity', 'gzip', 'br', 'deflate']),
  contentType: z.string().nullable(),
  /** True when the body went over the job's cap and only its beginning is kept. */
  truncated: z.boolean().optional(),
});

/** How a page of a stage with `render` came to its content. */
export const rendering = z.object({
  mode: z.enum(['browser', 'http']),
  /**
   * `asked`: the stage wants a browser. `short_text`, `empty_shell`: the response said next to nothing without its scripts.
   * `readable`: it said enough. `no_page`: it is nothing that a browser shows as a page.
   */
  reason: z.enum(['asked', 'short_text', 'empty_shell', 'readable', 'no_page']),
  /** What the browser took, ms. */
  ms: z.number().optional(),
  /** Left out when what was waited for came; else what did not. */
  missing: z.enum(['complete', 'selector']).optional(),
  /** Stored like response bodies. */
  screenshot: bodyRef.optional(),
  har: bodyRef.optional(),
});

/**
 * URLs found on a page, each in document order, unique. A URL of the page's own final origin is written as its path
 * (`/a?b`), any other one absolute. `follow` is keyed by the stage a link leads into, `skip` by the rule that held it back
 * (`off-host`, `not-included`, `exclude:<pattern>`, `too-deep`, `unfollowed`, `robots`).
 */
export const pageLinks = z.object({
  follow: z.record(z.string(), z.array(z.string())),
  skip: z.record(z.string(), z.array(z.string())),
});

export const item = z.object({ index: z.int().nonnegative(), data: z.record(z.string(), z.unknown()) });

export type RedirectStep = z.output<typeof redirectStep>;
export type RobotsVerdict = z.output<typeof robotsVerdict>;
export type FetchTiming = z.output<typeof fetchTiming>;
export type BodyRef = z.output<typeof bodyRef>;
export type Rendering = z.output<typeof rendering>;
export type PageLinks = z.output<typeof pageLinks>;
export type ExtractedItem = z.output<typeof item>;
