import type { Position, RowSnapshot } from '#libs/engine/ports';
import { TABLES, TABLE_NAMES, tableRow, type TableName, type TableRow } from '#libs/read-models';
import { asStoreError } from '../errors.js';
import { recordOf } from '../queries/records.js';
import type { Table } from '../table.js';
import type { Client } from './client.js';
import { positionOf } from './read-state.js';
import { PROJECTION, type Statements } from './statements.js';

const ROWS = 2000;

/** One transaction that sees what was there when it began; writers go on beside it. Takes the client over. */
export async function openSnapshot(client: Client, statements: Statements): Promise<RowSnapshot> {
  const ignore = (): void => undefined;
  client.on('error', ignore);
  const close = async (failed = false): Promise<void> => {
    if (!failed) await client.query('ROLLBACK').catch(() => (failed = true));
    client.off('error', ignore);
    client.release(failed);
  };
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const found = await client.query<{ shard: number }>(
      `SELECT shard, stream, seq, event_id FROM "${statements.schema}".checkpoint WHERE projection = $1`,
      [PROJECTION],
    );
    const positions = new Map<number, Position>(found.rows.map((row) => [row.shard, positionOf({ ...row })]));
    return { positions, rows: (jobId) => allRows(client, statements, jobId), close: () => close() };
  } catch (error) {
    await close(true);
    throw asStoreError(error);
  }
}

async function* allRows(
  client: Client,
  statements: Statements,
  jobId: string | undefined,
): AsyncGenerator<TableRow, void, undefined> {
  const { job, page, evidence, item, mark: page_mark, parked: parked_event } = statements;
  const tables: Record<TableName, Table> = { job, page, evidence, item, page_mark, parked_event };
  try {
    for (const name of TABLE_NAMES) yield* rowsOf(client, statements.schema, name, tables[name], jobId);
  } catch (error) {
    throw asStoreError(error);
  }
}

/** By a cursor: one pass over the table, however long it is. */
async function* rowsOf(
  client: Client,
  schema: string,
  name: TableName,
  { columns }: Table,
  jobId: string | undefined,
): AsyncGenerator<TableRow, void, undefined> {
  const column = (property: string) => columns.find((one) => one.property === property)!;
  const order = TABLES[name].map((property) => {
    const { name: quoted, type } = column(property);
    return type === 'text' ? `${quoted} COLLATE "C"` : quoted;
  });
  const list = columns.map((one) => one.name).join(', ');
  const where = jobId === undefined ? '' : `WHERE ${column('jobId').name} = $1`;
  await client.query(
    `DECLARE row_snapshot NO SCROLL CURSOR FOR SELECT ${list} FROM "${schema}"."${name}" ${where} ORDER BY ${order.join(', ')}`,
    jobId === undefined ? [] : [jobId],
  );
  for (;;) {
    const { rows } = await client.query<Record<string, unknown>>(`FETCH ${ROWS} FROM row_snapshot`);
    for (const row of rows) yield tableRow(name, recordOf<object>({ name, columns }, row));
    if (rows.length < ROWS) break;
  }
  await client.query('CLOSE row_snapshot');
}
