import type { ContentReader, PageParser } from '#libs/engine/ports';
import { HtmlPageParser } from './page-parser.js';

export { readPageFacts } from './page-facts.js';
export { PageTooComplexError } from './tree.js';

/** Titles, links with their verdicts, and items of HTML pages; other types give an empty page. */
export const createPageParser = (): PageParser => new HtmlPageParser();

/** Whole bodies as text, for those who want one page and no job; with libraries that nobody else needs. */
export const createContentReader = async (): Promise<ContentReader> =>
  new (await import('./content-reader.js')).HtmlContentReader();
