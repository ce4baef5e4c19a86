import { createHash } from 'node:crypto';

/** Names a record by what it tells, so that the same job makes the same records (a UUID of version 8, RFC 9562, 5.8). */
export function recordId(eventId: string, part: string): string {
  const bytes = createHash('sha256').update(`${eventId}\n${part}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  return `<urn:uuid:${hex}>`;
}
