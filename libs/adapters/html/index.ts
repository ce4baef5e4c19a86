import type { PageParser } from '#libs/engine/ports';
import { HtmlPageParser } from './page-parser.js';

export { PageTooComplexError } from './tree.js';

/** Titles, links with their verdicts, and items of HTML pages; other types give an empty page. */
export const createPageParser = (): PageParser => new HtmlPageParser();
