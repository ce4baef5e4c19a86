import type { ColumnOptions, ValueTransformer } from 'typeorm';

/** Sequences and byte counts stay far below 2^53, where numbers are exact. */
export const asNumber: ValueTransformer = {
  to: (value: unknown) => value,
  from: (value: unknown) => Number(value),
};

export const bigint: ColumnOptions = { type: 'bigint', transformer: asNumber };
export const timestamp: ColumnOptions = { type: 'timestamptz', precision: 3 };

/**
 * What is not an ordinary 200: small beside the rest, so a partial index finds it in a big job. A query says these words as
 * they stand here, or the index is not used.
 */
export const UNUSUAL_PAGE = `(status_code <> 200 OR error_code IS NOT NULL OR robots_blocked)`;
export const UNUSUAL_EVIDENCE = `(type = ANY (ARRAY['fetch_error'::text, 'redirect_chain'::text]))`;
