import { canonicalText, compareKeys, TABLE_NAMES, type TableName, type TableRow } from './tables.js';

/** `missing`: the log makes this row and the store has none. `extra`: the store has one that the log does not make. */
export interface RowDifference {
  table: TableName;
  key: (string | number)[];
  kind: 'missing' | 'extra' | 'different';
  /** Of a row that differs: what the log makes of each such column, and what the store has. */
  columns: { name: string; made: unknown; found: unknown }[];
}

export interface RowComparison {
  /** Rows that the log makes. */
  rows: Record<TableName, number>;
  /** How many differ in all, and the first of them. */
  differing: number;
  differences: RowDifference[];
}

type Rows = AsyncIterable<TableRow> | Iterable<TableRow>;

/**
 * Holds two sorted sources of rows against each other, one pass over each, in constant memory.
 * @param made what the log makes
 * @param found what a store has
 */
export async function compareRows(made: Rows, found: Rows, limit = 20): Promise<RowComparison> {
  const rows = Object.fromEntries(TABLE_NAMES.map((name) => [name, 0])) as Record<TableName, number>;
  const comparison: RowComparison = { rows, differing: 0, differences: [] };
  const note = (difference: RowDifference | null): void => {
    if (!difference) return;
    comparison.differing++;
    if (comparison.differences.length < limit) comparison.differences.push(difference);
  };
  const [ours, theirs] = [iterate(made), iterate(found)];
  try {
    let [a, b] = [await ours.next(), await theirs.next()];
    while (!a.done || !b.done) {
      const order = a.done ? 1 : b.done ? -1 : compareKeys(a.value, b.value);
      if (!a.done && order <= 0) rows[a.value.table]++;
      if (order < 0) note(alone(a.value as TableRow, 'missing'));
      else if (order > 0) note(alone(b.value as TableRow, 'extra'));
      else note(difference(a.value as TableRow, b.value as TableRow));
      if (order <= 0) a = await ours.next();
      if (order >= 0) b = await theirs.next();
    }
  } finally {
    await ours.return?.(undefined);
    await theirs.return?.(undefined);
  }
  return comparison;
}

async function* iterate(rows: Rows): AsyncGenerator<TableRow, void, undefined> {
  yield* rows;
}

const alone = ({ table, key }: TableRow, kind: 'missing' | 'extra'): RowDifference => ({
  ...{ table, key, kind },
  columns: [],
});

function difference(made: TableRow, found: TableRow): RowDifference | null {
  const names = [...new Set([...Object.keys(made.row), ...Object.keys(found.row)])].sort();
  const columns = names
    .filter((name) => canonicalText(made.row[name] ?? null) !== canonicalText(found.row[name] ?? null))
    .map((name) => ({ name, made: made.row[name] ?? null, found: found.row[name] ?? null }));
  return columns.length === 0 ? null : { table: made.table, key: made.key, kind: 'different', columns };
}
