/** Pages that a report names, where there may be millions. */
const NAMED = 100;

/** How many pages something is true of, and the first of them. */
export interface NamedPages {
  pages: number;
  urls: string[];
}

export class PageNames {
  readonly result: NamedPages = { pages: 0, urls: [] };

  add(url: string): void {
    this.result.pages++;
    if (this.result.urls.length < NAMED) this.result.urls.push(url);
  }
}
