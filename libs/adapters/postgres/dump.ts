import type { DataSource } from 'typeorm';
import { entities } from './entities/index.js';
import { asStoreError } from './errors.js';
import { tableOf } from './table.js';

/**
 * All rows of the read models as text, one line each: tables and rows by key, jsonb normalised by Postgres, times in UTC. What
 * depends on when or by whom the log was read is left out (checkpoints; the code version of parked events), so two stores that
 * have read the same log give the same text.
 */
export async function* canonicalDump(dataSource: DataSource, schema: string): AsyncIterable<string> {
  const tables = entities.map((entity) => tableOf(dataSource, entity));
  for (const table of tables.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (table.name === 'checkpoint') continue;
    const columns = table.columns.filter((c) => c.property !== 'codeVersion');
    const keys = columns.filter((c) => c.isKey).map((c) => c.name);
    const fields = columns.map(({ name, type }) =>
      type === 'timestamptz' ? `to_char(${name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')` : name,
    );
    let last: unknown[] | null = null;
    for (;;) {
      const rows: { line: string; key: unknown[] }[] = await dataSource
        .query(
          `SELECT jsonb_build_array(${fields.join(', ')})::text AS line, jsonb_build_array(${keys.join(', ')}) AS key
           FROM "${schema}"."${table.name}"
           ${last ? `WHERE (${keys.join(', ')}) > (${keys.map((_, i) => `$${i + 1}`).join(', ')})` : ''}
           ORDER BY ${keys.join(', ')} LIMIT 5000`,
          last ?? [],
        )
        .catch((error: unknown) => {
          throw asStoreError(error);
        });
      for (const { line } of rows) yield `${table.name} ${line}\n`;
      last = rows.at(-1)?.key ?? null;
      if (!last) break;
    }
  }
}
