import { heading } from './text.js';
import { MAX_HEADING_INPUT, MAX_HREF, scan, type Scanned } from './scan.js';

/** Elements whose content is text up to their own end tag, whatever stands in it. */
const RAW = new Map(
  ['script', 'style', 'title', 'textarea', 'xmp'].map((name) => [
    name,
    new RegExp(`</${name}(?=[>\\t\\n\\f\\r ])`, 'gi'),
  ]),
);

const EXCLAMATION = 33;
const DOUBLE_QUOTE = 34;
const SINGLE_QUOTE = 39;
const DASH = 45;
const SLASH = 47;
const EQUALS = 61;
const GREATER = 62;
const QUESTION = 63;
const BRACKET = 91;

/** Space, tab, line feed, form feed, carriage return. */
const isSpace = (c: number): boolean => c === 32 || (c <= 13 && c >= 9 && c !== 11);
const isLetter = (c: number): boolean => (c | 32) >= 97 && (c | 32) <= 122 && c < 128;
const endsName = (c: number): boolean => c === GREATER || c === SLASH || isSpace(c);
/** First letters of the tags that matter here: a, area, base; h1; script, style; title, textarea; xmp. */
const MATTERS = new Set([...'abhstx'].map((letter) => letter.charCodeAt(0)));
const LONGEST_NAME = 'textarea'.length;

type Heading = 'title' | 'h1';

/** Text that is being collected for a heading. */
interface Collected {
  of: Heading;
  /** Where its start tag begins. */
  from: number;
  pieces: string[];
  length: number;
  /** Some piece holds a character reference. */
  coded: boolean;
}

/**
 * Finds in HTML what `scan` finds, in a third of the time: most of a page is text and attributes of no interest, over which `indexOf`
 * jumps where a tokenizer looks at each character. Whatever holds a character reference is left to `scan`, tag by tag. The
 * two are held against each other on drawn pages; see scan-html.spec.ts for where they differ on purpose.
 */
class HtmlScanner {
  private readonly found: Record<Heading, string | null> = { title: null, h1: null };
  private readonly seen = { title: false, h1: false };
  private readonly hrefs = new Set<string>();
  private base: string | null = null;
  private collecting: Collected | null = null;
  /** Range of the first href of the tag that is being read; -1 when it has none. */
  private hrefFrom = -1;
  private hrefTo = -1;
  private selfClosing = false;

  constructor(private readonly page: string) {}

  scan(): Scanned {
    const { page } = this;
    const end = page.length;
    let textFrom = 0;
    let at = 0;
    while (at < end) {
      const open = page.indexOf('<', at);
      if (open === -1) break;
      const c = page.charCodeAt(open + 1);
      if (c !== SLASH && c !== EXCLAMATION && c !== QUESTION && !isLetter(c)) {
        at = open + 1;
        continue;
      }
      const name = c === SLASH ? this.afterSpace(open + 2) : 0;
      if (c === SLASH && page.charCodeAt(name) === GREATER) {
        // `</>` is text.
        at = name + 1;
        continue;
      }
      this.text(textFrom, open);
      if (c === SLASH) at = this.endTag(name);
      else if (c === QUESTION) at = this.behind('>', open + 2);
      else at = c === EXCLAMATION ? this.declaration(open + 2) : this.startTag(open);
      textFrom = at;
    }
    this.text(textFrom, end);
    this.finish(end);
    return { ...this.found, base: this.base, hrefs: this.hrefs };
  }

  /** Index behind the next `what`; the end of the page without one. */
  private behind(what: string, from: number): number {
    const at = this.page.indexOf(what, from);
    return at === -1 ? this.page.length : at + what.length;
  }

  private afterSpace(from: number): number {
    let at = from;
    while (isSpace(this.page.charCodeAt(at))) at += 1;
    return at;
  }

  private text(from: number, to: number): void {
    const { collecting } = this;
    if (collecting === null || from >= to || collecting.length > MAX_HEADING_INPUT) return;
    const piece = this.page.slice(from, Math.min(to, from + MAX_HEADING_INPUT));
    collecting.length += piece.length;
    collecting.pieces.push(piece);
    collecting.coded ||= piece.includes('&');
  }

  private collect(of: Heading, from: number): void {
    this.finish(from);
    this.seen[of] = true;
    this.collecting = { of, from, pieces: [], length: 0, coded: false };
  }

  /** Ends the collecting of text at `to`. */
  private finish(to: number): void {
    const { collecting } = this;
    if (collecting === null) return;
    this.collecting = null;
    const { of, from, pieces, coded } = collecting;
    this.found[of] = coded ? this.decoded(of, from, to) : heading(pieces.join(''));
  }

  private decoded(of: Heading, from: number, to: number): string | null {
    // The other one is not to be found in here: had it been new, it would have ended the collecting.
    const other = of === 'title' ? '<h1/>' : '<title/>';
    return scan(other + this.page.slice(from, to), false)[of];
  }

  /** @param from behind `<!` */
  private declaration(from: number): number {
    const { page } = this;
    const c = page.charCodeAt(from);
    if (c === DASH)
      return page.charCodeAt(from + 1) === DASH ? this.behind('-->', from) : this.behind('>', from + 2);
    if (c !== BRACKET) return this.behind('>', from + 1);
    const marker = '[CDATA[';
    let same = 0;
    while (same < marker.length && page.charCodeAt(from + same) === marker.charCodeAt(same)) same += 1;
    if (same < marker.length) return this.behind('>', from + same);
    const close = page.indexOf(']]>', from + same);
    const end = close === -1 ? page.length : close;
    this.text(from + same, end);
    return Math.min(end + 3, page.length);
  }

  /** @param from of its name */
  private endTag(from: number): number {
    const { page, collecting } = this;
    if (!isLetter(page.charCodeAt(from))) return this.behind('>', from);
    let to = from + 1;
    for (; to < page.length; to += 1) {
      const c = page.charCodeAt(to);
      if (c === GREATER || isSpace(c)) break;
    }
    const end = this.behind('>', to);
    if (collecting !== null && to < page.length && page.slice(from, to).toLowerCase() === collecting.of)
      this.finish(end);
    return end;
  }

  private startTag(open: number): number {
    const { page } = this;
    let to = open + 2;
    while (to < page.length && !endsName(page.charCodeAt(to))) to += 1;
    if (to === page.length) return to;
    const name = this.nameOf(open + 1, to);
    if ((name === 'title' || name === 'h1') && !this.seen[name]) this.collect(name, open);
    const wantsHref = name === 'a' || name === 'area' || name === 'base';
    this.hrefFrom = -1;
    const end = this.attributes(to, wantsHref);
    if (end === -1) return page.length;
    if (wantsHref && this.hrefFrom !== -1) this.take(name, open, end);
    if (this.selfClosing) {
      const { collecting } = this;
      if (collecting !== null && collecting.of === name && collecting.pieces.length === 0) this.finish(end);
      return end;
    }
    return RAW.has(name) ? this.rawText(name, end) : end;
  }

  /** In lower case; empty for tags that do not matter. */
  private nameOf(from: number, to: number): string {
    if (to - from > LONGEST_NAME || !MATTERS.has(this.page.charCodeAt(from) | 32)) return '';
    return this.page.slice(from, to).toLowerCase();
  }

  private take(name: string, open: number, end: number): void {
    const { page, hrefFrom, hrefTo } = this;
    let value: string | undefined = hrefTo - hrefFrom <= MAX_HREF ? page.slice(hrefFrom, hrefTo) : undefined;
    // A reference may make it shorter: `&amp;` counts as one.
    if (value === undefined || value.includes('&')) {
      const tag = scan(page.slice(open, end), false);
      value = name === 'base' ? (tag.base ?? undefined) : [...tag.hrefs][0];
    }
    if (value === undefined) return;
    if (name === 'base') this.base ??= value;
    else this.hrefs.add(value);
  }

  /** @param at behind the tag's name. @returns index behind the tag; -1 when the page ends in it */
  private attributes(at: number, wantsHref: boolean): number {
    const { page } = this;
    const end = page.length;
    this.selfClosing = false;
    for (;;) {
      at = this.afterSpace(at);
      if (at >= end) return -1;
      const c = page.charCodeAt(at);
      if (c === GREATER) return at + 1;
      if (c === SLASH) {
        at = this.afterSpace(at + 1);
        if (page.charCodeAt(at) !== GREATER) continue;
        this.selfClosing = true;
        return at + 1;
      }
      const nameFrom = at;
      // The first character is of the name whatever it is.
      for (at += 1; at < end; at += 1) {
        const d = page.charCodeAt(at);
        if (d === EQUALS || endsName(d)) break;
      }
      const isHref = wantsHref && this.hrefFrom === -1 && this.isHref(nameFrom, at);
      at = this.afterSpace(at);
      if (at >= end) return -1;
      let from = at;
      let to = at;
      if (page.charCodeAt(at) === EQUALS) {
        from = this.afterSpace(at + 1);
        if (from >= end) return -1;
        to = this.valueEnd(from);
        if (to === -1) return -1;
        const quote = page.charCodeAt(from);
        const quoted = quote === DOUBLE_QUOTE || quote === SINGLE_QUOTE;
        at = quoted ? to + 1 : to;
        if (quoted) from += 1;
      }
      if (isHref) {
        this.hrefFrom = from;
        this.hrefTo = to;
      }
    }
  }

  /** @param from of a value. @returns its end (of a quoted one: its closing quote); -1 when the page ends before */
  private valueEnd(from: number): number {
    const { page } = this;
    const c = page.charCodeAt(from);
    if (c === DOUBLE_QUOTE || c === SINGLE_QUOTE)
      return page.indexOf(c === DOUBLE_QUOTE ? '"' : "'", from + 1);
    for (let at = from; at < page.length; at += 1) {
      const d = page.charCodeAt(at);
      if (d === GREATER || isSpace(d)) return at;
    }
    return -1;
  }

  private isHref(from: number, to: number): boolean {
    return to - from === 4 && this.page.slice(from, to).toLowerCase() === 'href';
  }

  /** @param from behind the start tag. @returns index behind the end tag */
  private rawText(name: string, from: number): number {
    const { page } = this;
    const endTag = RAW.get(name)!;
    endTag.lastIndex = from;
    const match = endTag.exec(page);
    this.text(from, match ? match.index : page.length);
    return match ? this.endTag(match.index + 2) : page.length;
  }
}

export const scanHtml = (page: string): Scanned => new HtmlScanner(page).scan();
