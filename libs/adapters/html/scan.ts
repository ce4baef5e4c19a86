import { Tokenizer } from 'htmlparser2';
import { heading } from './text.js';

/** What one pass over a page finds, as it stands there. */
export interface Scanned {
  title: string | null;
  h1: string | null;
  /** href of the first `<base>` that has one. */
  base: string | null;
  /** href of every `<a>` and `<area>`, in order, each once. */
  hrefs: Iterable<string>;
}

export const MAX_HEADING_INPUT = 20_000;
export const MAX_HREF = 8192;

/**
 * Title, first h1, base and links in one pass over the tokens. There is no tree and no stack of open elements, so a million
 * nested elements cost no more than a million others.
 */
class Scanner {
  private readonly hrefs = new Set<string>();
  private base: string | null = null;
  private title: string[] | null = null;
  private h1: string[] | null = null;
  /** Where text goes now. */
  private text: string[] | null = null;
  private textOf = '';
  private textLength = 0;
  private tag = '';
  /** Pieces of the href that is being read. */
  private href: string[] | null = null;
  private value: string | null = null;

  constructor(private readonly page: string) {}

  scan(xml: boolean): Scanned {
    const tokenizer = new Tokenizer({ xmlMode: xml, decodeEntities: true }, this);
    tokenizer.write(this.page);
    tokenizer.end();
    return {
      title: this.title && heading(this.title.join('')),
      h1: this.h1 && heading(this.h1.join('')),
      base: this.base,
      hrefs: this.hrefs,
    };
  }

  onopentagname(start: number, end: number): void {
    const length = end - start;
    this.tag = length <= 5 ? this.page.slice(start, end).toLowerCase() : '';
    this.value = null;
    if (this.tag === 'title' && this.title === null) this.collect('title', (this.title = []));
    else if (this.tag === 'h1' && this.h1 === null) this.collect('h1', (this.h1 = []));
  }

  onclosetag(start: number, end: number): void {
    if (this.text !== null && this.page.slice(start, end).toLowerCase() === this.textOf) this.text = null;
  }

  onattribname(start: number, end: number): void {
    const wanted =
      end - start === 4 &&
      (this.tag === 'a' || this.tag === 'area' || this.tag === 'base') &&
      this.value === null &&
      this.page.slice(start, end).toLowerCase() === 'href';
    this.href = wanted ? [] : null;
  }

  onattribdata(start: number, end: number): void {
    if (this.href !== null) this.href.push(this.page.slice(start, Math.min(end, start + MAX_HREF + 1)));
  }

  onattribentity(codepoint: number): void {
    if (this.href !== null) this.href.push(String.fromCodePoint(codepoint));
  }

  onattribend(): void {
    if (this.href === null) return;
    this.value = this.href.length === 1 ? this.href[0]! : this.href.join('');
    this.href = null;
  }

  onopentagend(): void {
    if (this.value === null) return;
    if (this.tag === 'base') this.base ??= this.value;
    else if (this.value.length <= MAX_HREF) this.hrefs.add(this.value);
    this.value = null;
  }

  onselfclosingtag(): void {
    this.onopentagend();
    if (this.text !== null && this.tag === this.textOf && this.text.length === 0) this.text = null;
  }

  ontext(start: number, end: number): void {
    if (this.text === null || this.textLength > MAX_HEADING_INPUT) return;
    const piece = this.page.slice(start, Math.min(end, start + MAX_HEADING_INPUT));
    this.textLength += piece.length;
    this.text.push(piece);
  }

  ontextentity(codepoint: number): void {
    if (this.text === null || this.textLength++ > MAX_HEADING_INPUT) return;
    this.text.push(String.fromCodePoint(codepoint));
  }

  oncdata(start: number, end: number, endOffset: number): void {
    this.ontext(start, end - endOffset);
  }

  oncomment(): void {}
  ondeclaration(): void {}
  onprocessinginstruction(): void {}
  onend(): void {}

  private collect(tag: string, into: string[]): void {
    this.textOf = tag;
    this.text = into;
    this.textLength = 0;
  }
}

export const scan = (page: string, xml: boolean): Scanned => new Scanner(page).scan(xml);
