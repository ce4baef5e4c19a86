import { hash } from 'node:crypto';

const JOB_ID = /^(\d{1,4})-([0-9a-z]{8,40})$/;

/** `<shard>-<unique>`: the shard is part of the id, so that a job is found without a directory. */
export function jobId(shard: number, unique: string): string {
  const id = `${shard}-${unique}`;
  if (!JOB_ID.test(id)) throw new RangeError(`not a job id: ${JSON.stringify(id)}`);
  return id;
}

export const isJobId = (id: string): boolean => JOB_ID.test(id);

/** @throws RangeError when it is not a job id. */
export function shardOf(id: string): number {
  const match = JOB_ID.exec(id);
  if (!match) throw new RangeError(`not a job id: ${JSON.stringify(id)}`);
  return Number(match[1]);
}

/** 128 bits of SHA-256 of the canonical URL, base64url: names a page in message ids. */
export function pageKey(url: string): string {
  return hash('sha256', url, 'base64url').slice(0, 22);
}

/** One try has one outcome: the type is not part of the id, so whichever comes first is kept. */
export function pageEventId(jobId: string, run: number, url: string, tryNo: number): string {
  return `${jobId}:${run}:${pageKey(url)}:${tryNo}`;
}

/** Of one version's items of a page, from the body that one try has left. */
export const itemsEventId = (pageEvent: string, version: number): string => `${pageEvent}:items:${version}`;

/** `pageKey` of the page that a page event's id names. */
export const pageKeyOf = (eventId: string): string => eventId.split(':')[2] ?? '';

/** A command repeated with its own id is the same decision. */
export function jobEventId(jobId: string, commandId: string): string {
  return `${jobId}:cmd:${commandId}`;
}

/** Row ids of the read models: the same history gives the same ids, so a rebuild is byte-equal. UUID, version 8 (RFC 9562). */
export function rowId(jobId: string, generation: number, url: string, kind: string): string {
  const hex = hash('sha256', `${jobId}\n${generation}\n${kind}\n${url}`, 'hex');
  const variant = ((parseInt(hex[16]!, 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
