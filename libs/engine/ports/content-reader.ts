/** A body as text. */
export type ReadContent =
  | { kind: 'html' | 'text'; text: string }
  /** No text at all; `saysText`: although its Content-Type says so. */
  | { kind: 'binary'; saysText: boolean };

/** Bytes of any page to something that a person or a program can read. */
export interface ContentReader {
  /** By BOM, Content-Type and `<meta>`. Never throws. */
  read(body: Buffer, contentType: string | null): ReadContent;
  /** What a person would read of a page, in its order. @throws when the page is too odd to be read */
  readableText(html: string): string;
}
