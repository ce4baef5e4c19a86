import { z } from 'zod';

const name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'letters, digits, _ and -, beginning with a letter');
const ms = z.int().nonnegative();
const count = z.int().positive();

/** One extracted value: text of `selector`, or its attribute; `list` for all matches; `fields` for nested items. */
export interface FieldRule {
  selector: string;
  attr?: string | undefined;
  list?: boolean | undefined;
  fields?: Record<string, FieldRule> | undefined;
}
export const fieldRule: z.ZodType<FieldRule> = z.lazy(() =>
  z.strictObject({
    selector: z.string().min(1).max(1000),
    attr: z.string().min(1).max(100).optional(),
    list: z.boolean().optional(),
    fields: z.record(z.string().min(1).max(100), fieldRule).optional(),
  }),
);

/** Links that match lead into `stage`; the first rule that matches a link wins. Without both, every link matches. */
export const followRule = z.strictObject({
  /** CSS selector of the `<a>` elements (or of elements around them). */
  selector: z.string().min(1).max(1000).optional(),
  /** RE2 expression searched in the absolute URL. */
  pattern: z.string().min(1).max(1000).optional(),
  stage: name,
});

export const stage = z.strictObject({
  name,
  follow: z.array(followRule).max(100).default([]),
  /** Workers that fetch this stage's pages: those of one capability or region; default `http`. */
  pool: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,31}$/, 'small letters, digits, _ and -, beginning with a letter')
    .optional(),
  /** One item per match of this selector; without it the page itself is the item. */
  items: z.string().min(1).max(1000).optional(),
  fields: z.record(z.string().min(1).max(100), fieldRule).default({}),
  /**
   * What pages of this stage are taken from: the response alone (`http`, the default), a browser that has run their scripts
   * (`browser`), or the browser only where the response says next to nothing without its scripts (`auto`).
   */
  render: z.enum(['http', 'auto', 'browser']).optional(),
  /** CSS selector that a rendered page is waited for to have. */
  waitFor: z.string().min(1).max(1000).optional(),
});

/** How stages with `render` use the browser. */
export const browser = z.strictObject({
  /** When a page counts as complete: no request for half a second, or an event of its own. */
  waitUntil: z.enum(['network_idle', 'load', 'domcontentloaded']).default('network_idle'),
  /** Longest wait for that and for `waitFor`; then the page is taken as it is, and marked. */
  waitMs: ms.max(40_000).default(10_000),
  /** Kept as evidence: PNG of the visible part. */
  screenshot: z.boolean().default(false),
  /** Kept as evidence: all requests of the page, without bodies (HAR 1.2). */
  har: z.boolean().default(false),
  /** Named configuration of the browser service. */
  scope: name.default('default'),
});

export const scope = z.strictObject({
  /** `host` or `host:port` as in a URL; default: the hosts of the start URLs. */
  hosts: z.array(z.string().min(1).max(260)).max(10_000).default([]),
  /** RE2 expressions searched in the absolute URL. */
  include: z.array(z.string().min(1).max(1000)).max(1000).default([]),
  exclude: z.array(z.string().min(1).max(1000)).max(1000).default([]),
  maxDepth: z.int().nonnegative().optional(),
  maxPages: count.optional(),
  maxDurationMs: count.optional(),
  /** Over the wire, bodies only. */
  maxBytes: count.optional(),
});

export const politeness = z.strictObject({
  concurrency: z.int().min(1).max(1000).default(16),
  perHost: z.int().min(1).max(1000).default(2),
  /** Least time between two requests to one host; a longer crawl-delay wins. */
  delayMs: ms.max(3_600_000).default(250),
  maxCrawlDelayMs: ms.max(3_600_000).default(30_000),
  userAgent: z
    .string()
    .min(1)
    .max(500)
    .regex(/^[\x20-\x7e]+$/, 'printable ASCII')
    .default('Spoor/0.1'),
  robots: z.enum(['mark', 'obey', 'ignore']).default('mark'),
});

export const retry = z.strictObject({
  /** Requests in all, the first one included. */
  attempts: z.int().min(1).max(20).default(3),
  baseMs: ms.max(600_000).default(2000),
  /** Upper bound of any wait, Retry-After included. */
  maxMs: ms.max(86_400_000).default(60_000),
});

export const limits = z.strictObject({
  /** Deadline of one page with all its redirects. */
  timeoutMs: z.int().min(100).max(600_000).default(30_000),
  /** Decoded bytes; a longer body is cut there and marked. */
  maxBodyBytes: z
    .int()
    .min(1024)
    .max(256 * 1024 * 1024)
    .default(10 * 1024 * 1024),
  maxRedirects: z.int().min(0).max(50).default(10),
});

/** Where a secret lies; the secret itself never stands in a spec or an event. */
const secretRef = z.union([
  z.strictObject({ env: z.string().regex(/^[A-Z][A-Z0-9_]{0,99}$/, 'the name of an environment variable') }),
  z.strictObject({
    secret: z.string().regex(/^[A-Za-z0-9_.-]{1,100}$/, 'the name of an entry of the secrets file'),
  }),
]);

/** Variables that whoever may use a proxy may have looked up for it; all others are the operator's own. */
export const isSharedVariable = (name: string): boolean => name.startsWith('SPOOR_PROXY_');

/** A job with a proxy never goes direct, for whatever reason. */
export const proxy = z.strictObject({
  /** `oxylabs` reads OXYLABS_* from the environment; `generic` uses `url` or `pool`. */
  provider: z.enum(['generic', 'oxylabs']).default('generic'),
  /** `http(s)://host:port` without credentials, or where the whole URL is kept. */
  url: z.union([z.string().max(2048), secretRef]).optional(),
  pool: z
    .array(z.union([z.string().max(2048), secretRef]))
    .max(1000)
    .default([]),
  session: z.enum(['rotate', 'sticky', 'per-host']).default('rotate'),
  country: z
    .string()
    .regex(/^[A-Za-z]{2}$/, 'a country code of two letters')
    .optional(),
  ports: z.array(z.int().min(1).max(65_535)).max(1000).default([]),
  /** `forward` is for http targets through proxies that have no CONNECT. */
  httpMode: z.enum(['connect', 'forward']).default('connect'),
  connectTimeoutMs: z.int().min(100).max(120_000).default(8000),
  /** Consecutive proxy failures that are borne before the job stops, counted over all workers. */
  tolerance: z.int().min(0).max(10_000).default(0),
});

export const pageRange = z.strictObject({
  /** URL with `{page}` in it. */
  template: z
    .string()
    .max(4096)
    .refine((t) => t.includes('{page}'), 'must contain {page}'),
  from: z.int().nonnegative().default(1),
  to: z.int().nonnegative(),
});

const body = {
  name: z.string().max(200).optional(),
  pages: pageRange.optional(),
  scope: scope.prefault({}),
  stages: z.array(stage).max(50).default([]),
  politeness: politeness.prefault({}),
  retry: retry.prefault({}),
  limits: limits.prefault({}),
  bodies: z.enum(['all', 'failed', 'none']).default('all'),
  proxy: proxy.optional(),
  browser: browser.optional(),
  /** Kinds of evidence that are not written, where their volume hurts. */
  evidenceOff: z
    .array(z.enum(['http_headers', 'redirect_chain', 'robots_check', 'fetch_timing', 'render']))
    .default([]),
};

/** What a person writes. At least one of `start` and `pages`; everything else has a default. */
export const jobSpec = z.strictObject({ start: z.array(z.string().max(8192)).default([]), ...body });

/** What JobStarted carries: defaults filled in, hosts and stages explicit, start URLs kept beside it. */
export const resolvedJobSpec = z.object(body);

type WithoutDefault<T> = T extends z.ZodDefault<infer U> ? U : T;
type ChangesOf<S extends z.ZodRawShape> = z.ZodObject<
  { [K in keyof S]: z.ZodOptional<WithoutDefault<S[K]> & z.core.SomeType> },
  z.core.$strict
>;

/** Fields to change, each on its own. Not `partial()`, which fills in the defaults of what was not named. */
function changesOf<S extends z.ZodRawShape>(object: z.ZodObject<S, z.core.$strict>): ChangesOf<S> {
  const fields = Object.entries(object.shape).map(([key, field]) => [
    key,
    z.optional(field instanceof z.ZodDefault ? field.unwrap() : field),
  ]);
  return z.strictObject(Object.fromEntries(fields)) as ChangesOf<S>;
}

/** What a resume may change. */
export const jobSpecChanges = z.strictObject({
  politeness: changesOf(politeness).optional(),
  limits: changesOf(limits).optional(),
  retry: changesOf(retry).optional(),
  scope: changesOf(scope.pick({ maxPages: true, maxDurationMs: true, maxBytes: true })).optional(),
  /** The whole proxy part anew; null: no proxy any more. */
  proxy: proxy.nullable().optional(),
});

export type JobSpecInput = z.input<typeof jobSpec>;
export type JobSpec = z.output<typeof resolvedJobSpec>;
export type JobSpecChanges = z.output<typeof jobSpecChanges>;
export type ProxySpec = z.output<typeof proxy>;
export type Stage = z.output<typeof stage>;
export type BrowserSpec = z.output<typeof browser>;
export type FollowRule = z.output<typeof followRule>;
