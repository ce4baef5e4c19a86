/** Routes are found in any case, so what is said of them holds in any case. */
const PAGES = /^\/(?:$|(?:sessions|system|login|logout|assets)(?:\/|$))/i;

/** Addresses that answer with pages for people; everything else speaks JSON. */
export const isPagePath = (path: string): boolean => PAGES.test(path);

/** What anybody may have: without it nobody could sign in. */
export const OPEN_PAGES = /^\/(?:$|login$|logout$|assets\/)/;

/** No script and no style but our own files; nothing in a frame but our own, and we in none. */
export const PAGE_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; " +
  "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/** Where somebody may be sent after a sign-in: an address of this server, never another one. */
export const localPath = (next: unknown): string =>
  typeof next === 'string' && /^\/[a-z]/.test(next) && !/[\\\s]/.test(next) && next.length < 2000
    ? next
    : '/sessions';
