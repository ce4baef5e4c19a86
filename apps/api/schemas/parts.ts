import { z } from 'zod';

export const count = z.int().nonnegative();
/** Of an event in the log. */
export const seq = z.int();
export const jobStatus = z.enum(['running', 'paused', 'stopped', 'error', 'done', 'removed']);
/** Paths by what is there. */
export const links = z.record(z.string(), z.string());

/** `next`: what to give as `cursor` for the next page; null at the end. */
export const pageOf = <T extends z.ZodType>(row: T) =>
  z.object({ items: z.array(row), next: z.string().nullable() });
