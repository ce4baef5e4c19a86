import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import {
  catalogue,
  isEventType,
  isUnreadable,
  subjects,
  toPresent,
  type EventType,
  type JobEvent,
  type LogEntry,
  type NewEvent,
  type StoredEvent,
  type UnreadableEvent,
} from '#libs/events';
import { SpoorError } from '#libs/failures';
import { blobRef, type BlobRef, type BlobStore } from './blobs.js';
import { encodeEnvelope, readEnvelope, type ReadEnvelope, type TextHeaders } from './envelope.js';
import type { RawMessage } from './session.js';

/**
 * Below this, compressing once and unpacking in two readers takes more CPU (server included) than the bytes would; measured: 19 %
 * more at 22 KB, 10 % less at 43 KB. Level 1: level 6 takes twice as long and saves 2 %.
 */
const GZIP_FROM = 32 * 1024;
/** JSON above this leaves its bulky fields to a blob. */
const INLINE_BYTES = 256 * 1024;
/** A payload of a few megabytes unpacks to no more than this. */
const UNPACKED_BYTES = 64 * 1024 * 1024;
/** For the subject and the protocol's own words. */
const OVERHEAD_BYTES = 1024;

export interface EncodedEvent {
  subject: string;
  headers: TextHeaders;
  payload: Uint8Array;
}

const BLOB = '$blob';

/**
 * An event as it goes on the wire; a promise when its long lists have to be stored first.
 *
 * @throws SpoorError when it cannot be made small enough for the server.
 */
export function encodeEvent(
  event: NewEvent,
  blobs: BlobStore,
  maxPayload: number,
  expectedSeq?: number,
): EncodedEvent | Promise<EncodedEvent> {
  const json = Buffer.from(JSON.stringify(event.data));
  const bulky = catalogue[event.type].bulky.filter((field) => field in event.data);
  if (bulky.length === 0 || json.length <= Math.min(INLINE_BYTES, maxPayload / 2))
    return pack(event, json, maxPayload, expectedSeq);
  return encodeBulky(event, bulky, blobs, maxPayload, expectedSeq);
}

async function encodeBulky(
  event: NewEvent,
  bulky: readonly string[],
  blobs: BlobStore,
  maxPayload: number,
  expectedSeq?: number,
): Promise<EncodedEvent> {
  const inline: Record<string, unknown> = {};
  const beside: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(event.data))
    (bulky.includes(field) ? beside : inline)[field] = value;
  // Before the blob is stored, so that a refused event leaves nothing behind.
  pack(event, Buffer.from(JSON.stringify(inline)), maxPayload - 4096, expectedSeq);
  const ref = await blobs.put(event.jobId, beside);
  return pack(event, Buffer.from(JSON.stringify({ ...inline, [BLOB]: ref })), maxPayload, expectedSeq);
}

function pack(event: NewEvent, json: Buffer, maxPayload: number, expectedSeq?: number): EncodedEvent {
  const { family, version } = catalogue[event.type];
  const gzip = json.length >= GZIP_FROM;
  const payload = gzip ? gzipSync(json, { level: 1 }) : json;
  const headers = encodeEnvelope({
    id: event.id,
    type: event.type,
    version,
    time: event.time,
    jobId: event.jobId,
    subject: 'url' in event.data ? event.data.url : undefined,
    causationId: event.causationId,
    traceparent: event.traceparent,
    gzip,
    expectedSeq,
  });
  if (payload.length + headers.length + OVERHEAD_BYTES > maxPayload)
    throw new SpoorError(
      'invalid_request',
      `${event.type} of job ${event.jobId} is too large for the event log (${payload.length} bytes)`,
      { hint: "Raise nats-server's max_payload." },
    );
  const subject =
    family === 'job' ? subjects.jobSubject(event.jobId) : subjects.pageSubject(event.jobId, event.type);
  return { subject, headers, payload };
}

/** An event whose long lists have to be fetched first; `load` may be repeated when the server does not answer. */
export class PartialEntry {
  constructor(
    /** What the lists unpack to. */
    readonly bytes: number,
    readonly load: () => Promise<LogEntry>,
  ) {}
}

/**
 * A message of the log as an event of the present version, or as one that cannot be read, with the reason. Never throws. Partial
 * only with `bulk`.
 */
export function decodeEvent(raw: RawMessage, blobs: BlobStore, bulk: boolean): LogEntry | PartialEntry {
  const subject = raw.msg.subject;
  const envelope = readEnvelope(raw.msg);
  const jobId = subjects.jobIdOfSubject(subject);
  const unreadable = (reason: string): UnreadableEvent => ({
    unreadable: true,
    seq: raw.seq,
    storedAt: raw.storedAt,
    subject,
    jobId,
    type: envelope.type,
    id: envelope.id,
    reason,
  });
  const { id, type, version, time } = envelope;
  if (jobId === null) return unreadable('its subject is not one of ours');
  if (type === null || id === null || time === null)
    return unreadable('a header is missing: ce-type, ce-time or Nats-Msg-Id');
  if (!isEventType(type)) return unreadable(`unknown event type ${type}`);
  if (!subject.endsWith(catalogue[type].family === 'job' ? '.job' : `.page.${type}`))
    return unreadable(`a ${type} does not belong on this subject`);
  if (version === null) return unreadable('ce-dataschema names no version');

  const finish = (data: unknown): LogEntry => {
    const upcast = toPresent(type, version, data);
    if ('reason' in upcast) return unreadable(upcast.reason);
    return stored(type, id, jobId, time, envelope, raw, upcast.data);
  };
  let data: unknown;
  try {
    data = JSON.parse(text(raw.msg.data, envelope.gzip));
  } catch {
    return unreadable(envelope.gzip ? 'its payload is no gzipped JSON' : 'its payload is no JSON');
  }
  if (data === null || typeof data !== 'object' || !(BLOB in data)) return finish(data);

  const { [BLOB]: found, ...inline } = data as Record<string, unknown>;
  const ref = blobRef.safeParse(found);
  if (!ref.success) return unreadable('its reference to long lists is malformed');
  if (!bulk) return finish({ ...inline, ...emptied(type, ref.data) });
  return new PartialEntry(ref.data.bytes, async () => {
    const fields = await blobs.get(jobId, ref.data);
    return typeof fields === 'string' ? unreadable(fields) : finish({ ...inline, ...fields });
  });
}

export const isDecision = (entry: LogEntry): entry is JobEvent =>
  !isUnreadable(entry) && catalogue[entry.type].family === 'job';

function text(payload: Uint8Array, gzip: boolean): string {
  if (gzip) return gunzipSync(payload, { maxOutputLength: UNPACKED_BYTES }).toString();
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString();
}

function stored(
  type: EventType,
  id: string,
  jobId: string,
  time: string,
  envelope: ReadEnvelope,
  raw: RawMessage,
  data: unknown,
): LogEntry {
  return {
    type,
    id,
    jobId,
    data,
    time,
    ...(envelope.causationId !== undefined && { causationId: envelope.causationId }),
    ...(envelope.traceparent !== undefined && { traceparent: envelope.traceparent }),
    seq: raw.seq,
    storedAt: raw.storedAt,
  } as StoredEvent;
}

/** What a reader without blobs sees: each long field as the emptiest value that its schema takes. */
function emptied(type: EventType, ref: BlobRef): Record<string, unknown> {
  const shape: Record<string, z.ZodType> = catalogue[type].data.shape;
  const out: Record<string, unknown> = {};
  for (const field of ref.fields) {
    const schema = shape[field];
    if (schema) out[field] = emptyOf(schema);
  }
  return out;
}

function emptyOf(schema: z.ZodType): unknown {
  for (const candidate of [[], {}]) if (schema.safeParse(candidate).success) return candidate;
  if (!(schema instanceof z.ZodObject)) return undefined;
  const fields: [string, z.ZodType][] = Object.entries(schema.shape);
  return Object.fromEntries(fields.map(([field, inner]) => [field, emptyOf(inner)]));
}
