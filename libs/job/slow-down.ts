import { hostOf, type JobSpec, type PageEvent } from '#libs/events';

/**
 * How long the host of a page is left alone after this fact, ms; null when nothing was said about its pace. A 429 slows the host
 * down with or without Retry-After: by the page's own wait, or by the next one there would have been when no attempt is left.
 */
export function slowDownOf(event: PageEvent, retry: JobSpec['retry']): { host: string; ms: number } | null {
  const ms = asked(event, retry);
  return ms === null ? null : { host: hostOf(event.data.url), ms: Math.min(ms, retry.maxMs) };
}

function asked(event: PageEvent, retry: JobSpec['retry']): number | null {
  if (event.type === 'FetchRetried') {
    const { code, retryAfterMs, delayMs } = event.data;
    return code === 'http_429' || retryAfterMs !== undefined ? delayMs : null;
  }
  if (event.type !== 'PageFetched' || event.data.statusCode !== 429) return null;
  const { attempt, headers } = event.data;
  const seconds = headers['retry-after'] ?? '';
  const named = /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1000 : 0;
  return Math.max(named, retry.baseMs * 2 ** (attempt - 1));
}
