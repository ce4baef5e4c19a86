import type { QueryRunner } from 'typeorm';

/** Migrations name tables without a schema, so that they serve any: for this transaction the connection's own comes first. */
export async function useOwnSchema(runner: QueryRunner): Promise<void> {
  const { options } = runner.dataSource;
  const schema = 'schema' in options && options.schema ? options.schema : 'public';
  await runner.query(`SET LOCAL search_path TO "${schema}"`);
}
