import type { BodyRef } from '#libs/events';

export type HeaderLine = [name: string, value: string];

/** Requests are made with HTTP/1.1. The words behind a status are not recorded, and may be missing (RFC 9112, 4). */
export const statusLine = (statusCode: number): string => `HTTP/1.1 ${statusCode} `;

/** As other archives name a header that does not fit the payload as it is kept. */
const ORIGINAL = 'x-archive-orig-';
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;

/** The recorded headers, true of a payload that came in `encoding` and without transfer coding. */
export function headersOf(
  headers: Record<string, string>,
  encoding: BodyRef['encoding'],
  payloadBytes: number,
): HeaderLine[] {
  const lines: HeaderLine[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (!TOKEN.test(name)) continue;
    const moved =
      name === 'transfer-encoding' ||
      (name === 'content-encoding' && encoding === 'identity') ||
      (name === 'content-length' && value.trim() !== String(payloadBytes));
    lines.push([moved ? ORIGINAL + name : name, oneLine(asSent(value))]);
  }
  if (!lines.some(([name]) => name === 'content-length'))
    lines.push(['content-length', String(payloadBytes)]);
  return lines;
}

/** A history that was imported may hold anything; a line break would begin a header, or the body. */
export const oneLine = (text: string): string => text.replace(/[\r\n\0]+/g, ' ');

/** Header bytes are recorded as latin1; what was UTF-8 becomes the same bytes again when it is written. */
function asSent(value: string): string {
  if (!/[\x80-\xff]/.test(value) || /[^\0-\xff]/.test(value)) return value;
  const text = Buffer.from(value, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? value : text;
}
