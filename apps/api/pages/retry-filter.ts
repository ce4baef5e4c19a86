import type { PagesQuery } from '#libs/pages';

/** What the filter of the pages table and that of a retry have in common. */
const SHARED = ['outcome', 'statusCode', 'errorCode', 'host', 'stage'] as const;

/** Where a retry of the pages of a filter is asked for; null when a retry could not say the same, or would mean all pages. */
export function retryAddress(jobId: string, query: PagesQuery): string | null {
  if (query.q !== undefined || query.robotsBlocked !== undefined) return null;
  const given = SHARED.flatMap((name) => (query[name] === undefined ? [] : [[name, String(query[name])]]));
  return given.length === 0 ? null : `/sessions/${jobId}/retry?${new URLSearchParams(given)}`;
}

/** The filter of a retry from the fields of a form, still to be checked. */
export function retryFilter(fields: Record<string, unknown>): Record<string, unknown> {
  const given = SHARED.filter((name) => typeof fields[name] === 'string' && fields[name] !== '');
  return Object.fromEntries(
    given.map((name) => {
      const value = String(fields[name]);
      return [name, name === 'statusCode' && /^\d+$/.test(value) ? Number(value) : value];
    }),
  );
}
