import { storableText } from '../storable.js';
import { decodeCursor } from './cursor.js';

/** Conditions with their parameters, always bound. */
export class Conditions {
  readonly values: unknown[] = [];
  private readonly parts: string[] = [];

  /** @param sql with `?` where the value goes */
  add(sql: string, value: unknown): this {
    this.values.push(typeof value === 'string' ? storableText(value) : value);
    this.parts.push(sql.replaceAll('?', `$${this.values.length}`));
    return this;
  }

  addIf(value: unknown, sql: string): this {
    return value === undefined ? this : this.add(sql, value);
  }

  plain(sql: string): this {
    this.parts.push(sql);
    return this;
  }

  /** Rows behind the cursor's, in the order of `columns`. */
  after(cursor: string | undefined, order: SortKey): this {
    if (cursor === undefined) return this;
    const key = decodeCursor(
      cursor,
      order.columns.map((column) => column.type),
    );
    const places = key.map((part) => `$${this.values.push(part)}`);
    const names = order.columns.map((column) => column.sql).join(', ');
    this.parts.push(`(${names}) ${order.descending ? '<' : '>'} (${places.join(', ')})`);
    return this;
  }

  limit(rows: number): string {
    return `LIMIT $${this.values.push(rows)}`;
  }

  get where(): string {
    return this.parts.length === 0 ? '' : `WHERE ${this.parts.join(' AND ')}`;
  }
}

export interface SortKey {
  columns: { sql: string; type: 'number' | 'uuid' | 'text' | 'time' }[];
  descending?: boolean;
}

export const orderBy = ({ columns, descending }: SortKey): string =>
  `ORDER BY ${columns.map((column) => `${column.sql} ${descending ? 'DESC' : 'ASC'}`).join(', ')}`;

/** Finds the text as it is, wherever it stands. */
export const containing = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;
