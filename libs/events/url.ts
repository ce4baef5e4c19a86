/**
 * A URL as the WHATWG parser sees it, or null. Not by URL.canParse: on Node 20 its compiled form, which a hot loop gets, calls
 * every URL with a Latin-1 character beyond ASCII invalid (seen on 20.20.2).
 */
export function parseUrl(text: string, base?: string): URL | null {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}

/**
 * The one form of a URL that counts as the same page: WHATWG serialisation (default port, dot segments, host case, punycode),
 * fragment dropped, percent escapes in upper case, query order kept. Credentials are refused, not dropped.
 *
 * @returns null when it is no http(s) URL, carries credentials, or is longer than 8192 characters.
 */
export function canonicalUrl(input: string, base?: string): string | null {
  if (input.length > 8192) return null;
  const url = parseUrl(input, base);
  if (url === null) return null;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  if (url.username !== '' || url.password !== '') return null;
  url.hash = '';
  const href = url.href;
  if (href.length > 8192) return null;
  return href.includes('%') ? href.replace(/%[0-9a-fA-F]{2}/g, (e) => e.toUpperCase()) : href;
}

const ORIGIN = /^https?:\/\/[^/?#]+/;

/** `https://host:port` of a canonical URL, without parsing it again. */
export const originOf = (canonical: string): string => ORIGIN.exec(canonical)?.[0] ?? '';

/** `host:port` of a canonical URL. */
export const hostOf = (canonical: string): string => {
  const origin = originOf(canonical);
  return origin.slice(origin.indexOf('//') + 2);
};

/** How pageLinks writes a URL: as its path when it is of this origin. */
export const toLink = (canonical: string, origin: string): string =>
  canonical.startsWith(origin) && canonical.charCodeAt(origin.length) === 47
    ? canonical.slice(origin.length)
    : canonical;

/** Whether a link is written as a path of its page's origin. */
export const isOfOrigin = (link: string): boolean => link.charCodeAt(0) === 47;

/** Back from pageLinks to the canonical URL. */
export const fromLink = (link: string, origin: string): string => (isOfOrigin(link) ? origin + link : link);
