import { createHash } from 'node:crypto';
import type { Request } from 'express';
import { jobId as makeJobId } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { bodyDigest } from './json-body.js';

export const IDEMPOTENCY = {
  name: 'Idempotency-Key',
  description:
    'Printable, up to 200 characters; a repeat with the same key and body answers what the first did.',
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** @throws SpoorError invalid_request */
export function checkKey(key: string | undefined): string | undefined {
  if (key === undefined || /^[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?$/.test(key)) return key;
  throw new SpoorError('invalid_request', 'Idempotency-Key: must be 1 to 200 printable characters', {
    field: 'Idempotency-Key',
  });
}

export const commandIdOf = (action: string, key: string | undefined): string | undefined =>
  key === undefined ? undefined : `key-${sha256(`${action}\n${key}`).slice(0, 32)}`;

/** The key names the job, key and body the command: another body under the same key is a conflict, not a second job. */
export function startIdsOf(
  key: string | undefined,
  request: Request,
  shards: number,
): { jobId?: string; commandId?: string } {
  if (key === undefined) return {};
  const hash = sha256(`start\n${key}`);
  const shard = parseInt(hash.slice(0, 8), 16) % shards;
  return {
    jobId: makeJobId(shard, hash.slice(8, 40)),
    commandId: `key-${sha256(`${key}\n${bodyDigest(request)}`).slice(0, 32)}`,
  };
}
