import pg from 'pg';
import { SpoorError } from '#libs/failures';

/**
 * Classes of SQLSTATE that the same data meets again each time: 21 cardinality, 22 data exception, 23 integrity violation, and 54 a limit of the
 * program (nesting, row or index entry too large). All others pass: connection, deadlock, full disk, shutdown.
 */
export const isDeterministic = (error: unknown): error is pg.DatabaseError =>
  error instanceof pg.DatabaseError && /^(?:21|22|23|54)/.test(error.code ?? '');

/** What a person can do about a database that cannot be used; no secret, no text of the library. */
export function asStoreError(error: unknown): SpoorError {
  if (error instanceof SpoorError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const [message, hint] = WHAT[code] ?? WHAT[code.slice(0, 2)] ?? UNREACHABLE;
  return new SpoorError('store_unavailable', message, { hint }, { cause: error });
}

const UNREACHABLE: [string, string] = [
  'Postgres does not answer.',
  'Check that it runs and that DATABASE_URL names its host and port.',
];
const WHAT: Record<string, [string, string]> = {
  '28': ['Postgres refuses the credentials.', 'Check user and password in DATABASE_URL.'],
  '3D': ['The database does not exist.', 'Create it, or check its name in DATABASE_URL.'],
  '42501': [
    'The Postgres user may not create the tables.',
    'Grant CREATE on the database, or make the schema for it.',
  ],
  '53': ['Postgres has no room or no free connection.', 'Make room, or raise max_connections.'],
  '57': ['Postgres is starting or stopping.', 'Try again in a moment.'],
};
