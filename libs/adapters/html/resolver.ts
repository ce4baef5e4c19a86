import { canonicalUrl, originOf } from '#libs/events';

const SEGMENT = '[A-Za-z0-9_-][A-Za-z0-9._~-]*';
const QUERY = '(?:\\?[A-Za-z0-9._~=&+/-]*)?';
/** Paths that the URL parser would leave as they are: no dot segments, nothing to escape, no fragment. */
const PLAIN_PATH = new RegExp(`^(?:/${SEGMENT})+/?${QUERY}$`);
const PLAIN_RELATIVE = new RegExp(`^${SEGMENT}(?:/${SEGMENT})*/?${QUERY}$`);
const MAX_LENGTH = 8192;

/** href to canonical URL, relative to one page. Most links are plain paths, for which the URL parser is not needed. */
export class LinkResolver {
  private readonly origin: string;
  private readonly directory: string;

  /** @param base canonical URL of the page, or of its `<base href>`. */
  constructor(private readonly base: string) {
    this.origin = originOf(base);
    const path = base.split('?', 1)[0]!;
    this.directory = path.slice(0, path.lastIndexOf('/') + 1);
  }

  /** Same as `canonicalUrl(href, base)`. */
  resolve(href: string): string | null {
    const plain = this.plain(href);
    return plain !== null && plain.length <= MAX_LENGTH ? plain : canonicalUrl(href, this.base);
  }

  private plain(href: string): string | null {
    const first = href.charCodeAt(0);
    if (first === 47) return PLAIN_PATH.test(href) ? this.origin + href : null;
    if (href.startsWith(this.origin)) return PLAIN_PATH.test(href.slice(this.origin.length)) ? href : null;
    return PLAIN_RELATIVE.test(href) ? this.directory + href : null;
  }
}
