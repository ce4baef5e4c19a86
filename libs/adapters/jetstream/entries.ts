import { subjects, type LogEntry } from '#libs/events';
import type { LogBatch, ReadOptions } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import type { BlobStore } from './blobs.js';
import { decodeEvent, PartialEntry } from './codec.js';
import type { LogConnection } from './connection.js';
import { readEnvelope } from './envelope.js';
import { ApiError, toSpoorError } from './errors.js';
import { pause, readRaw, unlessAborted } from './reader.js';
import type { RawMessage } from './session.js';

export const MAX_BATCH = 500;
/** A batch is cut when the blobs in it unpack to more. */
const BATCH_BLOB_BYTES = 32 * 1024 * 1024;

export interface EntryOptions extends ReadOptions {
  shard: number;
  /** One subject filter of the server's; none: everything. */
  filter?: string | undefined;
  /** Asked before a message is unpacked: what is not wanted costs no more than its way here. `type` as found in the headers. */
  wants?: ((message: { type: string | null; jobId: string | null }) => boolean) | undefined;
}

/** Events of a shard in order, decoded and with their long lists; see `readRaw` for what survives. */
export async function* readEntries(
  connection: LogConnection,
  blobs: BlobStore,
  options: EntryOptions,
): AsyncGenerator<LogBatch, void, undefined> {
  const {
    shard,
    filter,
    fromSeq,
    follow,
    signal,
    everyMs,
    maxBatch = MAX_BATCH,
    bulk = true,
    wants,
  } = options;
  const stream = subjects.eventStream(shard);
  const reading = { stream, filter, fromSeq, follow, signal, maxBatch, everyMs };
  for await (const raw of readRaw(connection, reading)) {
    let entries: LogEntry[] = [];
    let blobBytes = 0;
    for (const message of raw.messages) {
      if (wants && !wants(describe(message))) continue;
      const decoded = decodeEvent(message, blobs, bulk);
      if (!(decoded instanceof PartialEntry)) {
        entries.push(decoded);
        continue;
      }
      if (blobBytes > 0 && blobBytes + decoded.bytes > BATCH_BLOB_BYTES) {
        yield { entries, upTo: message.seq - 1, caughtUp: false };
        entries = [];
        blobBytes = 0;
      }
      const entry = await load(connection, decoded, follow === true, signal);
      if (entry === null) return;
      entries.push(entry);
      blobBytes += decoded.bytes;
    }
    yield { entries, upTo: raw.upTo, caughtUp: raw.caughtUp };
  }
}

const describe = ({ msg }: RawMessage): { type: string | null; jobId: string | null } => ({
  type: readEnvelope(msg).type,
  jobId: subjects.jobIdOfSubject(msg.subject),
});

/** A server that does not answer says nothing about a blob: a follower waits for it. Null when `signal` fired. */
async function load(
  connection: LogConnection,
  partial: PartialEntry,
  follow: boolean,
  signal?: AbortSignal,
): Promise<LogEntry | null> {
  for (;;) {
    try {
      return await unlessAborted(partial.load(), signal);
    } catch (error) {
      if (signal?.aborted) return null;
      if (!follow || connection.closed || !(error instanceof SpoorError || error instanceof ApiError))
        throw toSpoorError(error);
      await pause(1000, signal);
    }
  }
}
