import { compile, type HtmlToTextOptions } from 'html-to-text';
import type { ContentReader, ReadContent } from '#libs/engine/ports';
import { charsetOf, decodeText } from './charset.js';
import { checkComplexity } from './tree.js';

const OPTIONS: HtmlToTextOptions = {
  wordwrap: false,
  // A page may nest as deep as it likes; nobody reads what lies deeper, and the walk is recursive.
  limits: { maxDepth: 256, ellipsis: '' },
  selectors: [
    { selector: 'a', options: { ignoreHref: true } },
    ...['img', 'nav', 'script', 'style', 'noscript', 'template', 'iframe', 'svg', 'head', 'title'].map(
      (selector) => ({
        selector,
        format: 'skip',
      }),
    ),
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({
      selector,
      options: { uppercase: false },
    })),
    { selector: 'table', format: 'dataTable', options: { uppercaseHeaderCells: false } },
  ],
};

const toText = compile(OPTIONS);

const HTML = /^(?:text\/html|application\/xhtml\+xml)$/;
const TEXT = /^(?:text\/|application\/(?:json|xml|javascript|x-ndjson|[\w.+-]+\+(?:json|xml))$)/;
/** Looked at to tell text from anything else; no text has a NUL, whatever its encoding here. */
const SNIFFED = 4096;

/** Bodies for the scrape endpoint: decoded as a browser would, and as the text that a person reads. */
export class HtmlContentReader implements ContentReader {
  read(body: Buffer, contentType: string | null): ReadContent {
    const type = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
    const isHtml = HTML.test(type);
    const saysText = isHtml || TEXT.test(type);
    if (!saysText && type !== '') return { kind: 'binary', saysText };
    const text = decodeText(body, charsetOf(body, contentType));
    if (text.slice(0, SNIFFED).includes('\0')) return { kind: 'binary', saysText };
    const looksHtml = isHtml || (type === '' && /^\s*<(?:!doctype|html|head|body)\b/i.test(text));
    return { kind: looksHtml ? 'html' : 'text', text };
  }

  readableText(html: string): string {
    checkComplexity(html);
    return toText(html);
  }
}
