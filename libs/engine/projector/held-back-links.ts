import type { KnownHeldBack } from '#libs/read-models';

/** Held-back links that are settled, as many as fit: the menu of a site holds the same ones on each page. */
export class HeldBackLinks implements KnownHeldBack {
  private recent = new Set<string>();
  private older = new Set<string>();

  constructor(private readonly size = 50_000) {}

  has(key: string): boolean {
    return this.recent.has(key) || this.older.has(key);
  }

  add(keys: Iterable<string>): void {
    for (const key of keys) this.recent.add(key);
    if (this.recent.size < this.size) return;
    this.older = this.recent;
    this.recent = new Set();
  }

  clear(): void {
    this.recent.clear();
    this.older.clear();
  }
}
