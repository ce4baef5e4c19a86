import { createHash } from 'node:crypto';
import type { Request } from 'express';
import { jobId as makeJobId } from '#libs/events';
import { SpoorError } from '#libs/failures';
import type { Caller } from './caller.js';
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

/** Two callers may choose the same word: a key is one of its caller's. */
const scoped = ({ keyId }: Pick<Caller, 'keyId'>, key: string): string =>
  keyId === null ? key : `${keyId}\n${key}`;

export const commandIdOf = (action: string, key: string | undefined, caller: Caller): string | undefined =>
  key === undefined ? undefined : `key-${sha256(`${action}\n${scoped(caller, key)}`).slice(0, 32)}`;

/** The key names the job, key and body the command: another body under the same key is a conflict, not a second job. */
export function startIdsOf(
  key: string | undefined,
  request: Request,
  caller: Pick<Caller, 'keyId'>,
  shards: number,
): { jobId?: string; commandId?: string } {
  if (key === undefined) return {};
  const own = scoped(caller, key);
  const hash = sha256(`start\n${own}`);
  const shard = parseInt(hash.slice(0, 8), 16) % shards;
  return {
    jobId: makeJobId(shard, hash.slice(8, 40)),
    commandId: `key-${sha256(`${own}\n${bodyDigest(request)}`).slice(0, 32)}`,
  };
}
