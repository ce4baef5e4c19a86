import pg from 'pg';
import type { DataSource } from 'typeorm';

/** Locks of this project among those of a database that it may share. */
export const LOCK_CLASS = 0x5b00;
export const MIGRATION_LOCK = 1;
export const REBUILD_LOCK = 2;

/** A schema name that needs no escape, so that it can stand in any statement. */
export function checkSchemaName(schema: string): string {
  if (!/^[a-z_][a-z0-9_]{0,47}$/.test(schema))
    throw new RangeError(`not a schema name: ${JSON.stringify(schema)}`);
  return schema;
}

/** Brings the tables up to date. Processes that start together wait for one another. */
export async function migrate(dataSource: DataSource, url: string, schema: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'spoor migration' });
  // The lock goes with the connection; a connection that breaks shows in the next query.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1, $2)', [LOCK_CLASS, MIGRATION_LOCK]);
    const found = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema]);
    if (found.rowCount === 0) await client.query(`CREATE SCHEMA "${schema}"`);
    await dataSource.runMigrations();
  } finally {
    await client.end();
  }
}
