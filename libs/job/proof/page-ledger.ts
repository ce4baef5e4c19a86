import { pageKey } from '#libs/events';
import type { FrontierCounts } from '../entry.js';
import type { HashKey } from '../url-hasher.js';
import { UrlTable } from '../url-table.js';

export type Ending = 'fetched' | 'failed' | 'skipped';

export interface LedgerPage {
  readonly key: string;
  ending: Ending | null;
  /** Sequence of the outcome that counts; 0 without one. */
  endedAt: number;
  requeuedInRun: number;
}

/** Every known page of a generation and the outcome that counts, kept apart from the frontier so that one can prove the other. */
export class PageLedger {
  readonly pages: LedgerPage[] = [];
  private readonly table: UrlTable;

  constructor(hashKey: HashKey) {
    this.table = new UrlTable(hashKey);
  }

  know(url: string): void {
    const at = this.pages.length;
    if (this.table.getOrAdd('', url, at) === at)
      this.pages.push({ key: pageKey(url), ending: null, endedAt: 0, requeuedInRun: 0 });
  }

  find(url: string): LedgerPage | null {
    return this.pages[this.table.get(url)] ?? null;
  }

  /** Keys of pages that had their outcome before `seq`. */
  *doneBefore(seq: number): Generator<string, void, undefined> {
    for (const { key, endedAt } of this.pages) if (endedAt > 0 && endedAt < seq) yield key;
  }

  *known(): Generator<string, void, undefined> {
    for (const { key } of this.pages) yield key;
  }

  get counts(): FrontierCounts {
    const counts = { discovered: this.pages.length, fetched: 0, failed: 0, skipped: 0, open: 0 };
    for (const { ending } of this.pages) counts[ending ?? 'open']++;
    return counts;
  }
}
