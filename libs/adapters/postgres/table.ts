import type { DataSource, EntityTarget, ObjectLiteral } from 'typeorm';
import { storableJson, storableText } from './storable.js';

interface TableColumn {
  /** Quoted. */
  name: string;
  property: string;
  type: string;
  isKey: boolean;
}

/** A table as its entity defines it, ready for statements over whole arrays of rows. */
export interface Table {
  /** Without the schema. */
  name: string;
  columns: TableColumn[];
}

export function tableOf(dataSource: DataSource, entity: EntityTarget<ObjectLiteral>): Table {
  const metadata = dataSource.getMetadata(entity);
  return {
    name: metadata.tableName,
    columns: metadata.columns.map((column) => ({
      name: `"${column.databaseName}"`,
      property: column.propertyName,
      type: String(column.type),
      isKey: column.isPrimary,
    })),
  };
}

/** `INSERT … SELECT unnest(…)`: one parameter for each column, whatever the number of rows. */
export function upsertSql(schema: string, table: Table): string {
  const { columns } = table;
  const list = columns.map((c) => c.name).join(', ');
  const arrays = columns.map((c, i) => `$${i + 1}::${c.type}[]`).join(', ');
  const keys = columns.filter((c) => c.isKey).map((c) => c.name);
  const updates = columns.filter((c) => !c.isKey).map((c) => `${c.name} = EXCLUDED.${c.name}`);
  return (
    `INSERT INTO "${schema}"."${table.name}" (${list}) SELECT * FROM unnest(${arrays}) ` +
    `ON CONFLICT (${keys.join(', ')}) DO UPDATE SET ${updates.join(', ')}`
  );
}

export const copySql = (schema: string, table: Table): string =>
  `COPY "${schema}"."${table.name}" (${table.columns.map((c) => c.name).join(', ')}) FROM STDIN`;

type Row = object;

/** Column by column, as Postgres array literals. */
export function arrayLiterals(table: Table, rows: readonly Row[]): string[] {
  return table.columns.map(({ property, type }) => {
    let literal = '{';
    for (let i = 0; i < rows.length; i++) {
      if (i > 0) literal += ',';
      const text = textOf(type, valueOf(rows[i]!, property));
      if (text === null) literal += 'NULL';
      else if (isPlain(type)) literal += text;
      else literal += `"${/["\\]/.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`;
    }
    return literal + '}';
  });
}

const COPY_ESCAPES: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Row by row, in the text format of COPY. */
export function copyText(table: Table, rows: readonly Row[]): string {
  let out = '';
  for (const row of rows) {
    let first = true;
    for (const { property, type } of table.columns) {
      if (first) first = false;
      else out += '\t';
      const text = textOf(type, valueOf(row, property));
      if (text === null) out += '\\N';
      else out += /[\\\n\r\t]/.test(text) ? text.replace(/[\\\n\r\t]/g, (c) => COPY_ESCAPES[c]!) : text;
    }
    out += '\n';
  }
  return out;
}

/** Types whose text needs no quotes in an array literal. */
const isPlain = (type: string): boolean =>
  type === 'integer' || type === 'bigint' || type === 'boolean' || type === 'uuid';

const valueOf = (row: Row, property: string): unknown => (row as Record<string, unknown>)[property];

function textOf(type: string, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (type === 'jsonb') return storableJson(value);
  return typeof value === 'string' ? storableText(value) : String(value);
}
