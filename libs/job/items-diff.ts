import type { ExtractedItem } from '#libs/events';

export interface FieldChanges {
  /** Null or missing before. */
  added: number;
  changed: number;
  /** Null or missing now. */
  removed: number;
  same: number;
}

export interface FieldExample {
  url: string;
  /** Of the item in its page. */
  index: number;
  field: string;
  from: unknown;
  to: unknown;
}

/** What another version of a job's items changes, field by field. */
export interface ItemsReport {
  pages: { compared: number; changed: number };
  items: { before: number; after: number; added: number; changed: number; removed: number };
  fields: Record<string, FieldChanges>;
  /** The first changes of each field. */
  examples: FieldExample[];
}

const EXAMPLES_A_FIELD = 3;

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);

/** Compares page by page, in constant memory. Items of a page belong together by their place in it. */
export class ItemsDiff {
  private readonly result: ItemsReport = {
    pages: { compared: 0, changed: 0 },
    items: { before: 0, after: 0, added: 0, changed: 0, removed: 0 },
    // Without a prototype: a field may be called `constructor`.
    fields: Object.create(null) as Record<string, FieldChanges>,
    examples: [],
  };
  private readonly shown = new Map<string, number>();

  add(url: string, before: readonly ExtractedItem[], after: readonly ExtractedItem[]): void {
    const { pages, items } = this.result;
    pages.compared++;
    items.before += before.length;
    items.after += after.length;
    let changed = false;
    for (let i = 0; i < Math.max(before.length, after.length); i++) {
      const [old, now] = [before[i]?.data, after[i]?.data];
      const differs = this.fields(url, i, old ?? {}, now ?? {});
      if (!old) items.added++;
      else if (!now) items.removed++;
      else if (differs) items.changed++;
      changed ||= differs || !old || !now;
    }
    if (changed) pages.changed++;
  }

  report(): ItemsReport {
    return this.result;
  }

  private fields(
    url: string,
    index: number,
    old: Record<string, unknown>,
    now: Record<string, unknown>,
  ): boolean {
    let differs = false;
    for (const field of new Set([...Object.keys(old), ...Object.keys(now)])) {
      const [from, to] = [valueOf(old, field), valueOf(now, field)];
      const kind = kindOf(from, to);
      const counts = (this.result.fields[field] ??= { added: 0, changed: 0, removed: 0, same: 0 });
      counts[kind]++;
      if (kind === 'same') continue;
      differs = true;
      const shown = this.shown.get(field) ?? 0;
      if (shown >= EXAMPLES_A_FIELD) continue;
      this.shown.set(field, shown + 1);
      this.result.examples.push({ url, index, field, from, to });
    }
    return differs;
  }
}

const valueOf = (data: Record<string, unknown>, field: string): unknown =>
  Object.hasOwn(data, field) ? (data[field] ?? null) : null;

function kindOf(from: unknown, to: unknown): keyof FieldChanges {
  if (JSON.stringify(from) === JSON.stringify(to) || (isEmpty(from) && isEmpty(to))) return 'same';
  if (isEmpty(from)) return 'added';
  return isEmpty(to) ? 'removed' : 'changed';
}
