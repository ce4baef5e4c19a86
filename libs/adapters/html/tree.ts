import * as cheerio from 'cheerio/slim';
import { DomHandler, type ChildNode, type Element } from 'domhandler';
import { Parser } from 'htmlparser2';
import type { StageRules } from './stage-rules.js';
import type { FoundLink } from './links.js';

/** Browsers stop nesting at about this depth as well; what lies deeper becomes a sibling. */
const MAX_DEPTH = 512;
/** Elements left open; beyond, the parser's own list of them gets slow. */
const MAX_OPEN = 2000;
/** About 60 MB of tree; two may exist at a time, since the last is still being cleared away. */
const MAX_NODES = 150_000;

/** A page that would take more memory or time than any page is worth. */
export class PageTooComplexError extends Error {
  readonly code = 'parse_error';
}

class BoundedHandler extends DomHandler {
  private nodes = 0;

  override onopentag(name: string, attribs: Record<string, string>): void {
    if (this.tagStack.length > MAX_OPEN) throw new PageTooComplexError('The page is nested too deeply');
    super.onopentag(name, attribs);
    const deepest = this.tagStack[MAX_DEPTH];
    if (deepest) this.tagStack[this.tagStack.length - 1] = deepest;
  }

  protected override addNode(node: ChildNode): void {
    if (++this.nodes > MAX_NODES) throw new PageTooComplexError('The page has too many elements');
    super.addNode(node);
  }
}

export type Tree = cheerio.CheerioAPI;

/** @throws PageTooComplexError */
export function buildTree(page: string, xml: boolean): Tree {
  const handler = new BoundedHandler();
  new Parser(handler, { xmlMode: xml, decodeEntities: true }).end(page);
  return cheerio.load(handler.root, { xml: { xmlMode: xml, decodeEntities: true } });
}

/** Whether a page may have more than so many elements: without a bracket there is no tag. */
function hasMoreTags(page: string, count: number): boolean {
  let at = -1;
  for (let left = count; left >= 0; left -= 1) if ((at = page.indexOf('<', at + 1)) === -1) return false;
  return true;
}

/** For readers that build trees of their own. @throws PageTooComplexError */
export function checkComplexity(page: string): void {
  if (!hasMoreTags(page, MAX_OPEN)) return;
  let open = 0;
  let elements = 0;
  const parser = new Parser({
    onopentag: () => {
      if (++open > MAX_OPEN) throw new PageTooComplexError('The page is nested too deeply');
      if (++elements > MAX_NODES) throw new PageTooComplexError('The page has too many elements');
    },
    onclosetag: () => (open -= 1),
  });
  parser.end(page);
}

const LINKS = 'a[href], area[href]';

/** Every link of the page with the follow rules whose selector matches it or an element around it. */
export function treeLinks($: Tree, rules: StageRules): FoundLink[] {
  const selected = new Map<unknown, Set<number>>();
  rules.follow.forEach(({ selector }, i) => {
    if (selector === null) return;
    const matches = $(selector);
    for (const link of [...matches.filter(LINKS), ...matches.find(LINKS)]) {
      const by = selected.get(link);
      if (by) by.add(i);
      else selected.set(link, new Set([i]));
    }
  });
  return $<Element, string>(LINKS)
    .toArray()
    .map((link) => ({ href: link.attribs['href'] ?? '', selectedBy: selected.get(link) ?? null }));
}
