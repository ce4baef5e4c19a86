import type { DataSource } from 'typeorm';
import {
  EvidenceEntity,
  ItemEntity,
  JobEntity,
  PageEntity,
  PageMarkEntity,
  ParkedEventEntity,
} from '../entities/index.js';
import { storableJson } from '../storable.js';
import { tableOf, upsertSql, type Table } from '../table.js';
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
  private readonly tables: Table[];
  private readonly upsert: string;

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
    this.tables = [this.page, this.evidence, this.item, this.mark, this.job, this.parked];
    this.upsert = upsertAllSql(schema, this.tables);
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

  /**
   * Every row ends up as given, whether it was there before or not. All tables in one statement, because on the live path it is
   * the way to the server and back that takes the time.
   */
  async upsertAll(client: Client, rows: ReadonlyMap<Table, readonly object[]>): Promise<void> {
    const most = Math.max(...[...rows.values()].map((r) => r.length));
    for (let from = 0; from < most; from += ROWS_A_STATEMENT) {
      const chunks = this.tables.map((table) => rows.get(table)?.slice(from, from + ROWS_A_STATEMENT) ?? []);
      const [counts] = await this.run(client, 'upsert', this.upsert, chunks.map(storableJson));
      for (const [i, chunk] of chunks.entries())
        if (Number(counts?.[`n${i}`]) !== chunk.length)
          throw new Error(
            `${counts?.[`n${i}`]} of ${chunk.length} rows came to be in ${this.tables[i]!.name}`,
          );
    }
  }
}

function upsertAllSql(schema: string, tables: readonly Table[]): string {
  const parts = tables.map((table, i) => `w${i} AS (${upsertSql(schema, table, i + 1)} RETURNING 1)`);
  const counts = tables.map((_, i) => `(SELECT count(*)::int FROM w${i}) AS n${i}`);
  return `WITH ${parts.join(', ')} SELECT ${counts.join(', ')}`;
}
