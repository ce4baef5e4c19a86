import type { JobSpec } from '#libs/events';

export interface SpecChange {
  /** As in the spec: `politeness.perHost`. */
  field: string;
  /** Null: not set. */
  from: unknown;
  to: unknown;
}

const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What differs between two specs, field by field, in the order of the fields. */
export function specDiff(before: JobSpec, after: JobSpec): SpecChange[] {
  return differences(before, after);
}

/** What differs between two objects, field by field; lists are compared as a whole. */
export function differences(before: object, after: object, path = ''): SpecChange[] {
  const [old, now] = [before as Record<string, unknown>, after as Record<string, unknown>];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((key) => {
    const [from, to] = [old[key] ?? null, now[key] ?? null];
    const field = path === '' ? key : `${path}.${key}`;
    if (isGroup(from) && isGroup(to)) return differences(from, to, field);
    return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ field, from, to }];
  });
}
