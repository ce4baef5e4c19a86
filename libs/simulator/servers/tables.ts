import type { Position } from '#libs/engine/ports';
import type {
  Changes,
  EvidenceRecord,
  ItemRecord,
  JobRecord,
  PageMark,
  PageRecord,
  PageState,
  ParkedRecord,
} from '#libs/read-models';

/** The read models' tables, with what the adapter's statements do to them. */
export class Tables {
  readonly jobs = new Map<string, JobRecord>();
  readonly pages = new Map<string, PageRecord>();
  readonly evidence = new Map<string, EvidenceRecord>();
  readonly items = new Map<string, ItemRecord>();
  readonly marks = new Map<string, PageMark>();
  readonly parked = new Map<string, ParkedRecord>();
  checkpoint: Position | null = null;

  apply(changes: Changes): void {
    for (const jobId of changes.removedJobs)
      for (const table of this.ofJobs()) drop(table, (row) => row.jobId === jobId);
    const replaced = new Set(changes.replacedPages);
    if (replaced.size > 0) {
      drop(this.pages, (row) => replaced.has(row.id));
      drop(this.evidence, (row) => replaced.has(row.pageId));
      drop(this.items, (row) => replaced.has(row.pageId));
    }
    for (const row of changes.pages) this.pages.set(row.id, row);
    for (const row of changes.evidence) this.evidence.set(row.id, row);
    for (const row of changes.items) this.items.set(row.id, row);
    for (const row of changes.marks) this.marks.set(row.pageId, row);
    for (const row of changes.jobs) this.jobs.set(row.jobId, row);
    for (const row of changes.parked) this.parked.set(`${row.shard} ${row.seq}`, row);
  }

  private ofJobs(): Map<string, { jobId: string | null }>[] {
    return [this.pages, this.evidence, this.items, this.marks, this.parked];
  }

  unpark(jobId: string, upTo: number): void {
    drop(this.parked, (row) => row.jobId === jobId && row.seq <= upTo);
  }

  parkedJobs(jobIds: readonly string[]): Set<string> {
    const parked = new Set([...this.parked.values()].map(({ jobId }) => jobId));
    return new Set(jobIds.filter((jobId) => parked.has(jobId)));
  }

  /** A mark tells all of a page; without one its row does. */
  pageStates(ids: readonly string[]): Map<string, PageState> {
    const states = new Map<string, PageState>();
    for (const id of ids) {
      const page = this.pages.get(id);
      const mark = this.marks.get(id);
      const hasRows = page !== undefined || [...this.evidence.values()].some((row) => row.pageId === id);
      if (!mark && !hasRows) continue;
      const outcome = mark ? mark.outcome : (page?.outcome ?? null);
      states.set(id, {
        outcome,
        statusCode: mark ? mark.statusCode : outcome === 'fetched' ? page!.statusCode : 0,
        requeuedInRun: mark?.requeuedInRun ?? 0,
        retriedRun: mark?.retriedRun ?? 0,
        retriedTry: mark?.retriedTry ?? 0,
        itemVersion: mark?.itemVersion ?? 0,
        hasRows,
      });
    }
    return states;
  }

  clone(): Tables {
    const copy = new Tables();
    copyInto(this.jobs, copy.jobs);
    copyInto(this.pages, copy.pages);
    copyInto(this.evidence, copy.evidence);
    copyInto(this.items, copy.items);
    copyInto(this.marks, copy.marks);
    copyInto(this.parked, copy.parked);
    copy.checkpoint = this.checkpoint;
    return copy;
  }

  /** All rows as text, tables and rows by key; the code version of parked events is left out. */
  dump(): string[] {
    const lines: string[] = [];
    const { jobs, pages, evidence, items, marks, parked } = this;
    for (const [name, table] of Object.entries({ jobs, pages, evidence, items, marks, parked }))
      for (const [key, row] of [...(table as Map<string, object>)].sort(byKey))
        lines.push(`${name} ${key} ${canonical({ ...row, codeVersion: undefined })}`);
    return lines;
  }
}

const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);

function drop<T>(table: Map<string, T>, isGone: (row: T) => boolean): void {
  for (const [key, row] of table) if (isGone(row)) table.delete(key);
}

function copyInto<T>(from: Map<string, T>, to: Map<string, T>): void {
  for (const [key, row] of from) to.set(key, row);
}

/** JSON with the keys of every object in order, as jsonb keeps them. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(byKey))
      : inner,
  );
