/** The tables of the read models with the properties that are their keys, in the order in which their rows are told. */
export const TABLES = {
  job: ['jobId'],
  page: ['id'],
  evidence: ['pageId', 'type'],
  item: ['pageId', 'version', 'index'],
  page_mark: ['pageId'],
  parked_event: ['shard', 'seq'],
} as const;

export type TableName = keyof typeof TABLES;
export const TABLE_NAMES = Object.keys(TABLES) as TableName[];

/** One row of the read models, whatever store it comes from. */
export interface TableRow {
  table: TableName;
  key: (string | number)[];
  row: Record<string, unknown>;
}

/** Depends on when and by whom the log was read: two stores that have read the same log may differ in it. */
const PASSING = 'codeVersion';

export function tableRow(table: TableName, record: object): TableRow {
  const { [PASSING]: _, ...row } = record as Record<string, unknown>;
  return { table, key: TABLES[table].map((property) => row[property] as string | number), row };
}

/** Table by table, by key; texts by their code units, as `COLLATE "C"` has the ASCII that keys are made of. */
export function compareKeys(a: TableRow, b: TableRow): number {
  if (a.table !== b.table) return TABLE_NAMES.indexOf(a.table) - TABLE_NAMES.indexOf(b.table);
  for (const [i, part] of a.key.entries()) {
    const other = b.key[i]!;
    if (part !== other) return part < other ? -1 : 1;
  }
  return 0;
}

/** A value as text that is the same for equal values: properties by name. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const parts = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, inner]) => `${JSON.stringify(name)}:${canonicalText(inner)}`);
  return `{${parts.join(',')}}`;
}
