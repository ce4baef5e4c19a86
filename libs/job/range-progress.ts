import type { PageList } from './page-list.js';

/** How far a paginated job has come: its pages in the order of their numbers, and up to which of them all have an outcome. */
export class RangeProgress {
  /** Index of each page of the range. */
  private readonly indices: number[] = [];
  private done = 0;

  constructor(private readonly pages: PageList) {}

  add(index: number): void {
    this.indices.push(index);
  }

  /** Pages were opened again: what is done has to be counted anew. */
  recount(): void {
    this.done = 0;
  }

  /** Pages from the first on that all have an outcome. */
  get committed(): number {
    while (this.done < this.indices.length && !this.pages.isOpen(this.indices[this.done]!)) this.done++;
    return this.done;
  }

  get isComplete(): boolean {
    return this.committed === this.indices.length;
  }

  /** Place of a page in the range, counted from 0; -1 when it is not in it. */
  placeOf(index: number): number {
    return this.indices.indexOf(index);
  }
}
