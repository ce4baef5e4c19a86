import type { IncomingMessage } from 'node:http';

const MAX_HEADERS = 200;
const MAX_HEADER_CHARS = 4096;

/**
 * Response headers as they are recorded: lower-case names, repeated ones joined by `, `. Cookies are left out, since they are
 * secrets of a session; number and length are bounded, since a hostile server picks them.
 */
export function headerRecord(response: IncomingMessage): Record<string, string> {
  const record: Record<string, string> = Object.create(null) as Record<string, string>;
  const raw = response.rawHeaders;
  let count = 0;
  for (let i = 0; i + 1 < raw.length && count < MAX_HEADERS; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (name === 'set-cookie' || name === 'set-cookie2') continue;
    const before = record[name];
    const value = before === undefined ? raw[i + 1]! : `${before}, ${raw[i + 1]!}`;
    record[name] = value.length > MAX_HEADER_CHARS ? value.slice(0, MAX_HEADER_CHARS) : value;
    if (before === undefined) count += 1;
  }
  return { ...record };
}

/** Retry-After as a wait in ms from now: seconds or an HTTP date (RFC 9110, 10.2.3); null when there is none to understand. */
export function retryAfterMs(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  const text = value.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // Only a real date has letters; `Date.parse` would take `-5` or `1.5` for a year or a month.
  if (!/^[A-Za-z]{3,9},? /.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** Node reads header bytes as latin1; a Location that is valid UTF-8 is meant as such. */
export function locationText(value: string): string {
  const bytes = Buffer.from(value, 'latin1');
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? value : text;
}
