import type { Table } from '../table.js';

/** A row as Postgres gives it, to the record that its entity describes: numbers, ISO 8601 times, property names. */
export function recordOf<T>(table: Table, row: Record<string, unknown>): T {
  const record: Record<string, unknown> = {};
  for (const { name, property, type } of table.columns) {
    const value = row[name.slice(1, -1)];
    record[property] = value === null ? null : convert(type, value);
  }
  return record as T;
}

function convert(type: string, value: unknown): unknown {
  if (type === 'bigint') return Number(value);
  return type === 'timestamptz' ? new Date(value as Date | string).toISOString() : value;
}
