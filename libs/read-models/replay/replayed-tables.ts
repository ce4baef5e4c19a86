import { shardOf, type LogEntry } from '#libs/events';
import type { Changes } from '../fold/changes.js';
import { fold } from '../fold/fold.js';
import { plan } from '../fold/plan.js';
import type { FoldState } from '../fold/state.js';
import { PROJECTION_VERSION } from '../version.js';
import { compareKeys, TABLE_NAMES, tableRow, type TableName, type TableRow } from './tables.js';

/** Rows of one page in `of`, by its id: `nth` begins at 1. The job's own rows, which are few, belong to the first. */
export interface ReplayPart {
  nth: number;
  of: number;
}

/** Ids of pages are hashes: their first digits share them out evenly, and in their order. */
const HEX_DIGITS = 8;
const partOf = (pageId: string, of: number): number =>
  Math.floor((parseInt(pageId.slice(0, HEX_DIGITS), 16) / 16 ** HEX_DIGITS) * of) + 1;

/** The read models in memory: what the projection makes of events, without any store. */
export class ReplayedTables {
  private readonly state: FoldState = { jobs: new Map(), pages: new Map(), parkedJobs: new Set() };
  /** Key → row, by table. */
  private readonly tables = new Map<TableName, Map<string, TableRow>>(
    TABLE_NAMES.map((name) => [name, new Map()]),
  );

  /** @param part of the rows alone; all events have to be applied nevertheless */
  constructor(private readonly part: ReplayPart = { nth: 1, of: 1 }) {}

  /** Events in the order of the log, of any number of jobs of one shard. */
  apply(entries: readonly LogEntry[]): void {
    const shard = shardOf(entries.find(({ jobId }) => jobId !== null)?.jobId ?? '0-00000000');
    const steps = plan(entries, this.state.jobs);
    this.take(fold(steps, this.state, { shard, codeVersion: PROJECTION_VERSION }));
  }

  /** In the order of `compareKeys`. */
  rows(table?: TableName): TableRow[] {
    const tables = table === undefined ? TABLE_NAMES : [table];
    return tables.flatMap((name) => [...this.tables.get(name)!.values()].sort(compareKeys));
  }

  private take(changes: Changes): void {
    const removed = new Set(changes.removedJobs);
    if (removed.size > 0)
      for (const name of TABLE_NAMES)
        if (name !== 'job') this.drop(name, ({ jobId }) => removed.has(jobId as string));
    const replaced = new Set(changes.replacedPages);
    if (replaced.size > 0) {
      this.drop('page', ({ id }) => replaced.has(id as string));
      for (const name of ['evidence', 'item'] as const)
        this.drop(name, ({ pageId }) => replaced.has(pageId as string));
    }
    this.put('job', changes.jobs);
    this.put('page', changes.pages);
    this.put('evidence', changes.evidence);
    this.put('item', changes.items);
    this.put('page_mark', changes.marks);
    this.put('parked_event', changes.parked);
  }

  private put(name: TableName, records: readonly object[]): void {
    const table = this.tables.get(name)!;
    for (const record of records) {
      const row = tableRow(name, record);
      if (!this.isOfPart(row)) continue;
      table.set(row.key.join(' '), row);
    }
  }

  private isOfPart({ table, row }: TableRow): boolean {
    const { nth, of } = this.part;
    if (of === 1) return true;
    const pageId = table === 'page' ? row['id'] : row['pageId'];
    return nth === (typeof pageId === 'string' ? partOf(pageId, of) : 1);
  }

  private drop(name: TableName, isGone: (row: Record<string, unknown>) => boolean): void {
    const table = this.tables.get(name)!;
    for (const [key, { row }] of table) if (isGone(row)) table.delete(key);
  }
}
