import { RE2JS } from 're2js';
import { z } from 'zod';
import { canonicalUrl } from '#libs/events';
import { isFailureCode, SpoorError } from '#libs/failures';

/** `5xx` for all codes from 500 to 599. */
const statusClass = z.string().regex(/^[1-9]xx$/, 'must be a status class such as 5xx');

/** Which pages with an outcome are meant: all conditions that are given must hold. */
export const pageFilter = z.strictObject({
  errorCode: z.string().refine(isFailureCode, 'is not a code of the failure table').optional(),
  statusCode: z
    .union([z.int().min(0).max(999), statusClass], {
      error: 'must be a status code such as 503, or a class such as 5xx',
    })
    .optional(),
  outcome: z.enum(['fetched', 'failed', 'skipped']).optional(),
  /** RE2 expression searched in the absolute URL. */
  urlPattern: z.string().min(1).max(1000).optional(),
  /** `host` or `host:port` as in a URL. */
  host: z.string().min(1).max(260).optional(),
  stage: z.string().min(1).max(64).optional(),
  pageId: z.uuid('must be the id of a page').optional(),
});
export type PageFilterSpec = z.output<typeof pageFilter>;

/** What a person asked to have fetched again: pages by what became of them, or by name. */
export interface PageSelection {
  filter?: unknown;
  urls?: unknown;
}

const urlList = z.array(z.string().max(8192)).min(1).max(1_000_000);

const refuse = (field: string, message: string, hint?: string): never => {
  throw new SpoorError('invalid_request', `${field}: ${message}`, {
    field,
    ...(hint === undefined ? {} : { hint }),
  });
};

function parsed<T>(schema: z.ZodType<T>, input: unknown, field: string): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, ...issue.keys.slice(0, 1)] : issue.path;
  const name = path.map((p) => (typeof p === 'number' ? `[${p}]` : `.${String(p)}`)).join('');
  return refuse(`${field}${name}`, issue.code === 'unrecognized_keys' ? 'unknown field' : issue.message);
}

/**
 * Exactly one of `filter` and `urls`, checked; URLs canonical, each once. Pure.
 * @throws SpoorError invalid_request with the field
 */
export function resolveSelection({
  filter,
  urls,
}: PageSelection): { filter: PageFilterSpec } | { urls: string[] } {
  if ((filter === undefined) === (urls === undefined))
    return refuse('filter', 'say which pages: either by filter, or by urls');
  if (urls !== undefined) return { urls: [...new Set(parsed(urlList, urls, 'urls').map(canonical))] };
  const checked = parsed(pageFilter, filter, 'filter');
  if (Object.values(checked).every((value) => value === undefined))
    return refuse(
      'filter',
      'name at least one condition',
      'To fetch every page again, restart the job. Conditions: errorCode, statusCode, outcome, urlPattern, host, stage, pageId.',
    );
  if (checked.urlPattern !== undefined) compiled(checked.urlPattern);
  return { filter: checked };
}

/** Whether the pattern of a filter is found in a URL; true for a filter without one. */
export function urlTest({ urlPattern }: PageFilterSpec): (url: string) => boolean {
  if (urlPattern === undefined) return () => true;
  const expression = compiled(urlPattern);
  return (url) => expression.test(url);
}

function canonical(url: string, i: number): string {
  return canonicalUrl(url) ?? refuse(`urls[${i}]`, 'must be an http or https URL without credentials');
}

function compiled(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch {
    return refuse('filter.urlPattern', 'is not a regular expression that RE2 understands');
  }
}
