import type { SpecChange } from '#libs/job';

/** For an option that may be given more than once. */
export const collect = (value: string, before: string[]): string[] => [...before, value];

const shown = (value: unknown): string => (value === null ? 'not set' : JSON.stringify(value));

export const diffLines = (diff: readonly SpecChange[]): string[] =>
  diff.map(({ field, from, to }) => `${field}: ${shown(from)} → ${shown(to)}`);
