import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { shardOf, subjects } from '#libs/events';
import { toSpoorError } from './errors.js';
import { TextHeaders } from './envelope.js';
import type { LogConnection } from './connection.js';
import { storedMessage } from './stored.js';

const CHUNK_BYTES = 512 * 1024;
const STORES_AT_ONCE = 4;
const zip = promisify(gzip);
const unzip = promisify(gunzip);

/** Stands in an event's payload for the long fields that travel beside it. */
export const blobRef = z.object({
  /** Of the bytes as stored (gzip), so that equal names are equal bytes whoever compressed them. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of the JSON before compression. */
  bytes: z.int().nonnegative(),
  chunks: z.int().positive().max(100_000),
  fields: z.array(z.string()),
});
export type BlobRef = z.output<typeof blobRef>;

/** Long lists of events, in the stream beside the events, named by job and content. */
export class BlobStore {
  constructor(private readonly connection: LogConnection) {}

  /** Stores all chunks; chunks that are there already cost an acknowledgement each. */
  async put(jobId: string, fields: Record<string, unknown>): Promise<BlobRef> {
    const json = Buffer.from(JSON.stringify(fields));
    const bytes = await zip(json, { level: 1 });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const size = Math.min(CHUNK_BYTES, this.connection.maxPayload - 4096);
    const chunks = Math.max(1, Math.ceil(bytes.length / size));
    let next = 0;
    const storeSome = async (): Promise<void> => {
      for (let chunk = next++; chunk < chunks; chunk = next++)
        await this.connection.requests.publish(
          subjects.blobSubject(jobId, sha256, chunk),
          bytes.subarray(chunk * size, (chunk + 1) * size),
          // The job is part of the id: the server compares ids across all subjects.
          { headers: new TextHeaders(`NATS/1.0\r\nNats-Msg-Id: ${jobId}:${sha256}:${chunk}\r\n\r\n`) },
        );
    };
    try {
      await Promise.all(Array.from({ length: STORES_AT_ONCE }, storeSome));
    } catch (error) {
      throw toSpoorError(error);
    }
    return { sha256, bytes: json.length, chunks, fields: Object.keys(fields) };
  }

  /**
   * @returns the fields, or the reason (a text) why they cannot be had.
   * @throws SpoorError store_unavailable: says nothing about the blob.
   */
  async get(jobId: string, ref: BlobRef): Promise<Record<string, unknown> | string> {
    const parts: Uint8Array[] = [];
    const stream = subjects.blobStream(shardOf(jobId));
    for (let chunk = 0; chunk < ref.chunks; chunk += 1) {
      const subject = subjects.blobSubject(jobId, ref.sha256, chunk);
      const part = await storedMessage(this.connection, stream, subject);
      if (!part) return `its long lists are missing (blob ${ref.sha256.slice(0, 12)}, part ${chunk})`;
      parts.push(part);
    }
    const bytes = Buffer.concat(parts);
    if (createHash('sha256').update(bytes).digest('hex') !== ref.sha256)
      return `its long lists are damaged (blob ${ref.sha256.slice(0, 12)})`;
    try {
      const json = await unzip(bytes, { maxOutputLength: ref.bytes + 1 });
      return z.record(z.string(), z.unknown()).parse(JSON.parse(json.toString()));
    } catch {
      return `its long lists cannot be unpacked (blob ${ref.sha256.slice(0, 12)})`;
    }
  }
}
