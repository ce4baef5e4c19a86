/** `net::ERR_…` of a browser's message about a navigation; null when it names none. */
export const netErrorOf = (message: string): string | null =>
  /net::ERR_[A-Z0-9_]+/.exec(message)?.[0] ?? null;

/** Of these the browser says only that its way to the outside ended; what that way says is the real reason. */
const ofTheWay = new Set([
  'net::ERR_TUNNEL_CONNECTION_FAILED',
  'net::ERR_EMPTY_RESPONSE',
  'net::ERR_CONNECTION_CLOSED',
  'net::ERR_CONNECTION_RESET',
  'net::ERR_PROXY_CONNECTION_FAILED',
  'net::ERR_ABORTED',
]);

export const hidesReason = (netError: string): boolean => ofTheWay.has(netError);

/** The page that stands for an error where the browser shows none of its own: headless ones leave it empty. */
export const errorPage = (netError: string): string =>
  `<html><body>${netError.replace(/^net::/, '').replace(/[^A-Z0-9_]/g, '')}</body></html>`;
