import type { Request } from 'express';

const TYPES = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
  sse: 'text/event-stream',
} as const;

export type Format = keyof typeof TYPES;

/** What `?format=` says, else the best that `Accept` takes, else JSON. */
export function formatOf<F extends Format>(
  request: Request,
  offered: readonly F[],
  asked: F | undefined,
): F | 'json' {
  if (asked !== undefined) return asked;
  const accepted = request.accepts(offered.map((format) => TYPES[format]));
  return offered.find((format) => TYPES[format] === accepted) ?? 'json';
}
