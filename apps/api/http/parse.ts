import type { z } from 'zod';
import { isJobId } from '#libs/events';
import { SpoorError } from '#libs/failures';

const fieldOf = (path: PropertyKey[]): string =>
  path.map((p, i) => (typeof p === 'number' ? `[${p}]` : `${i > 0 ? '.' : ''}${String(p)}`)).join('');

/**
 * Input as the schema has it.
 * @param what names an unknown key to people: `query parameter`, `field`
 * @throws SpoorError invalid_request with the field
 */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown, what: string): z.output<S> {
  const result = schema.safeParse(input ?? {});
  if (result.success) return result.data;
  const issues = result.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ field: fieldOf([...issue.path, key]), message: `unknown ${what}` }))
      : [{ field: fieldOf(issue.path), message: issue.message }],
  );
  const first = issues[0] ?? { field: '', message: 'invalid' };
  const message = first.field === '' ? first.message : `${first.field}: ${first.message}`;
  throw new SpoorError('invalid_request', message, { field: first.field, issues: issues.slice(0, 20) });
}

export const parseQuery = <S extends z.ZodType>(schema: S, query: unknown): z.output<S> =>
  parseInput(schema, query, 'query parameter');

/** @throws SpoorError job_not_found */
export function checkJobId(id: string): string {
  if (!isJobId(id)) throw jobNotFound(id);
  return id;
}

export const jobNotFound = (id: string): SpoorError =>
  new SpoorError('job_not_found', `There is no job ${id.slice(0, 60)}.`);
