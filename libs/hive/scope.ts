import { z } from 'zod';
import { jobSpec } from '#libs/events';
import { MAX_TIMEOUT_S, MAX_WAIT_MS } from './request.js';

const MB = 2 ** 20;
const whole = (min: number, max: number) => z.int().min(min).max(max);

const session = z.strictObject({
  /** always_new: a context for each request; reusable: made when needed; reusable_preinit: `contexts.min` of them from the start. */
  mode: z.enum(['always_new', 'reusable', 'reusable_preinit']).default('reusable'),
  /** A session that its client does not use for so long is gone. */
  ttlSeconds: whole(1, 86_400).default(1800),
  /** A context that nobody came back to is recycled after so long without use. */
  idleSeconds: whole(1, 86_400).default(300),
  maxAgeSeconds: whole(1, 604_800).default(21_600),
  maxRequests: whole(1, 1_000_000).default(10_000),
  maxCacheMb: whole(1, 100_000).default(500),
});

const contexts = z
  .strictObject({ min: whole(0, 256).default(1), max: whole(1, 256).default(4) })
  .refine(({ min, max }) => min <= max, { message: 'min is more than max', path: ['min'] });

const browser = z.strictObject({
  headless: z.boolean().default(true),
  userAgent: z.string().min(1).max(500).optional(),
  locale: z.string().max(35).optional(),
  timezone: z.string().max(64).optional(),
  width: whole(100, 10_000).default(1280),
  height: whole(100, 10_000).default(800),
});

const limits = z.strictObject({
  /** Until the first byte of the document. */
  navigationMs: whole(1, 120_000).default(20_000),
  /** For the browser to hand over the page. */
  contentMs: whole(1, 120_000).default(20_000),
  /** Longer pages are cut. Answers are messages, which end at 16 MB. */
  maxContentMb: z.number().positive().max(12).default(10),
  /** All that one page may load. */
  maxPageMb: z.number().positive().max(10_000).default(64),
  /** Script memory of one page; one that needs more crashes alone. */
  maxPageMemoryMb: whole(64, 8192).default(512),
  /** A browser that uses more is replaced as soon as it has nothing to do. */
  maxBrowserMemoryMb: whole(256, 262_144).default(4096),
});

const wait = z.strictObject({
  strategy: z.enum(['load', 'domcontentloaded', 'network_idle', 'timeout']).default('network_idle'),
  timeoutMs: whole(1, MAX_WAIT_MS).default(MAX_WAIT_MS),
});

/** One named configuration: a worker serves one. */
export const scopeConfig = z.strictObject({
  browser: browser.prefault({}),
  /** As in the spec of a job: secrets are named, not written. */
  proxy: jobSpec.shape.proxy,
  session: session.prefault({}),
  contexts: contexts.prefault({}),
  wait: wait.prefault({}),
  /** Of a request that names none. */
  timeoutSeconds: whole(1, MAX_TIMEOUT_S).default(60),
  limits: limits.prefault({}),
});

export type ScopeConfig = z.output<typeof scopeConfig>;

export const SCOPE_NAME = /^[A-Za-z0-9_.-]{1,100}$/;

/** The file of SPOOR_HIVE_SCOPES. */
export const scopesFile = z.strictObject({
  scopes: z
    .record(z.string().regex(SCOPE_NAME), scopeConfig)
    .refine((scopes) => Object.keys(scopes).length > 0, 'names no scope'),
});

export interface SessionRules {
  ttlMs: number;
  idleMs: number;
  maxAgeMs: number;
  maxRequests: number;
  maxCacheBytes: number;
}

export const sessionRules = ({ session: s }: ScopeConfig): SessionRules => ({
  ttlMs: s.ttlSeconds * 1000,
  idleMs: s.idleSeconds * 1000,
  maxAgeMs: s.maxAgeSeconds * 1000,
  maxRequests: s.maxRequests,
  maxCacheBytes: s.maxCacheMb * MB,
});

export const megabytes = (mb: number): number => Math.round(mb * MB);
