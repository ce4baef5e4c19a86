import type { z } from 'zod';

/**
 * Job events are decisions, written one at a time; page events are facts, deduplicated by their id. Account events have a stream
 * of their own: who may scrape, who paid, and what was served.
 */
export type EventFamily = 'job' | 'page' | 'account';

export interface EventDefinition<
  T extends string = string,
  F extends EventFamily = EventFamily,
  S extends z.ZodType = z.ZodType,
> {
  readonly type: T;
  readonly family: F;
  /** Raised when the data changes shape; `upcasts[n]` turns version n into n + 1. */
  readonly version: number;
  readonly data: S;
  /** Top-level fields that may grow without bound: above the inline limit they travel as one blob. */
  readonly bulky: readonly string[];
  readonly upcasts: Readonly<Record<number, (data: unknown) => unknown>>;
}

export function defineEvent<
  const T extends string,
  const F extends EventFamily,
  S extends z.ZodType,
>(definition: {
  type: T;
  family: F;
  data: S;
  version?: number;
  bulky?: readonly string[];
  upcasts?: Readonly<Record<number, (data: unknown) => unknown>>;
}): EventDefinition<T, F, S> {
  return { version: 1, bulky: [], upcasts: {}, ...definition };
}
