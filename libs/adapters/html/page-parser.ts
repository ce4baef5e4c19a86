import type { PageParser, ParsedPage, ParseRequest } from '#libs/engine/ports';
import { canonicalUrl } from '#libs/events';
import { charsetOf, decodeText } from './charset.js';
import { extractItems } from './fields.js';
import { sortLinks, type FoundLink } from './links.js';
import { LinkResolver } from './resolver.js';
import { scan } from './scan.js';
import { scanHtml } from './scan-html.js';
import { stageRules } from './stage-rules.js';
import { heading } from './text.js';
import { buildTree, treeLinks } from './tree.js';

const NOTHING: ParsedPage = {
  title: null,
  h1: null,
  charset: null,
  links: { follow: {}, skip: {} },
  items: [],
};

/** A scanner for links, a tree with CSS selectors only where the stage asks for one. */
export class HtmlPageParser implements PageParser {
  /** @throws PageTooComplexError */
  parse(request: ParseRequest): ParsedPage {
    const { spec, body, contentType, finalUrl } = request;
    const kind = kindOf(contentType, body);
    if (kind === null || body.length === 0) return NOTHING;
    const charset = charsetOf(body, contentType);
    const text = decodeText(body, charset);
    const rules = stageRules(spec, request.stage);
    const page = rules.selectsLinks
      ? this.byTree(text, kind === 'xml', request)
      : this.byScan(text, kind === 'xml', request);
    const base = baseOf(page.base, finalUrl);
    const links = sortLinks(page.links, new LinkResolver(base), { ...request, rules });
    return { title: page.title, h1: page.h1, charset, links, items: page.items(base) };
  }

  /** Also where a tree is needed for fields: to ask it for links and headings takes longer than to look at the text once more. */
  private byScan(text: string, xml: boolean, { spec, stage }: ParseRequest) {
    const { hrefs, ...page } = xml ? scan(text, true) : scanHtml(text);
    const rules = stageRules(spec, stage);
    const items = (base: string) =>
      rules.needsTree ? extractItems(buildTree(text, xml), rules.stage, base) : [];
    return { ...page, links: unselected(hrefs), items };
  }

  private byTree(text: string, xml: boolean, { spec, stage }: ParseRequest) {
    const rules = stageRules(spec, stage);
    const $ = buildTree(text, xml);
    const first = (selector: string) => {
      const match = $(selector).first();
      return match.length === 0 ? null : heading(match.text());
    };
    return {
      title: first('title'),
      h1: first('h1'),
      base: $('base[href]').first().attr('href') ?? null,
      links: treeLinks($, rules),
      items: (base: string) => extractItems($, rules.stage, base),
    };
  }
}

function* unselected(hrefs: Iterable<string>): Iterable<FoundLink> {
  for (const href of hrefs) yield { href, selectedBy: null };
}

/** `<base href>` counts when it leads to an http(s) URL. */
const baseOf = (href: string | null, finalUrl: string): string =>
  (href === null ? null : canonicalUrl(href, finalUrl)) ?? finalUrl;

/** How a body is read; null: not at all. A server that names no type gets the benefit of a look. */
export function kindOf(contentType: string | null, body: Buffer): 'html' | 'xml' | null {
  const type = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (type === 'text/html') return 'html';
  if (type === 'application/xhtml+xml' || type === 'application/xml' || type === 'text/xml') return 'xml';
  if (type !== '') return null;
  return /^(?:\xef\xbb\xbf)?\s*</.test(body.toString('latin1', 0, 512)) ? 'html' : null;
}
