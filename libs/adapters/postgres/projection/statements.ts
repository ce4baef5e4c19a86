import type { DataSource } from 'typeorm';
import {
  EvidenceEntity,
  ItemEntity,
  JobEntity,
  PageEntity,
  PageMarkEntity,
  ParkedEventEntity,
} from '../entities/index.js';
import { arrayLiterals, tableOf, upsertSql, type Table } from '../table.js';
import type { Client } from './client.js';

export const PROJECTION = 'read-models';
const ROWS_A_STATEMENT = 2000;

/** Tables and statements of one schema, made once. */
export class Statements {
  readonly job: Table;
  readonly page: Table;
  readonly evidence: Table;
  readonly item: Table;
  readonly mark: Table;
  readonly parked: Table;
  private readonly upserts = new Map<Table, string>();

  constructor(
    dataSource: DataSource,
    readonly schema: string,
  ) {
    this.job = tableOf(dataSource, JobEntity);
    this.page = tableOf(dataSource, PageEntity);
    this.evidence = tableOf(dataSource, EvidenceEntity);
    this.item = tableOf(dataSource, ItemEntity);
    this.mark = tableOf(dataSource, PageMarkEntity);
    this.parked = tableOf(dataSource, ParkedEventEntity);
    for (const table of [this.job, this.page, this.evidence, this.item, this.mark, this.parked])
      this.upserts.set(table, upsertSql(schema, table));
  }

  /** Prepared once for each connection. */
  async run(
    client: Client,
    name: string,
    sql: string,
    values: unknown[],
  ): Promise<Record<string, unknown>[]> {
    const text = sql.replaceAll('$schema', `"${this.schema}"`);
    const result = await client.query<Record<string, unknown>>({
      name: `${this.schema}.${name}`,
      text,
      values,
    });
    return result.rows;
  }

  /** Every row ends up as given, whether it was there before or not. */
  async bulkUpsert(client: Client, table: Table, rows: readonly object[]): Promise<void> {
    for (let from = 0; from < rows.length; from += ROWS_A_STATEMENT) {
      const chunk = rows.slice(from, from + ROWS_A_STATEMENT);
      const text = this.upserts.get(table)!;
      const values = arrayLiterals(table, chunk);
      const { rowCount } = await client.query({ name: `${this.schema}.upsert-${table.name}`, text, values });
      if (rowCount !== chunk.length)
        throw new Error(`${rowCount} of ${chunk.length} rows came to be in ${table.name}`);
    }
  }
}
