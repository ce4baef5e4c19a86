import { canonicalUrl, parseUrl } from '#libs/events';
import { locationText } from './head.js';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export const isRedirect = (statusCode: number): boolean => REDIRECTS.has(statusCode);

export interface Target {
  /** Where to go, without fragment and credentials; null when that is no http(s) URL. */
  url: string | null;
  /** Location as it is recorded: as the server wrote it, but never with credentials. */
  recorded: string;
}

/** Resolves a Location by the WHATWG rules. Credentials in it are neither used nor recorded. */
export function resolveLocation(header: string, base: string): Target {
  const location = locationText(header);
  const url = location.length > 8192 ? null : parseUrl(location, base);
  if (url === null) return { url: null, recorded: withoutUserinfo(location) };
  const hadCredentials = url.username !== '' || url.password !== '';
  url.username = '';
  url.password = '';
  const recorded = hadCredentials ? url.href : location;
  url.hash = '';
  return { url: canonicalUrl(url.href) === null ? null : url.href, recorded };
}

const withoutUserinfo = (text: string): string =>
  text.slice(0, 8192).replace(/^(\s*[a-z][a-z0-9+.-]*:)?([\\/]{2})[^\\/?#]*@/i, '$1$2');
