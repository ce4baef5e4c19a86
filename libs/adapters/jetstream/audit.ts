import { subjects } from '#libs/events';
import type { AuditedEntry, LogAudit, LogState } from '#libs/engine/ports';
import { BlobStore } from './blobs.js';
import { decodeEvent, PartialEntry } from './codec.js';
import type { LogConnection } from './connection.js';
import { toSpoorError } from './errors.js';
import { readRaw } from './reader.js';
import { identityOf, type StreamInfo } from './streams.js';

const MAX_BATCH = 500;

interface DetailedInfo extends StreamInfo {
  state: StreamInfo['state'] & { deleted?: number[] };
}

export class JetStreamAudit implements LogAudit {
  private readonly blobs: BlobStore;

  constructor(private readonly connection: LogConnection) {
    this.blobs = new BlobStore(connection);
  }

  async state(shard: number): Promise<LogState> {
    const name = subjects.eventStream(shard);
    try {
      const info = await this.connection.requests.json<DetailedInfo>(`$JS.API.STREAM.INFO.${name}`, {
        deleted_details: true,
      });
      const { first_seq: firstSeq, last_seq: lastSeq, messages, deleted } = info.state;
      return { stream: identityOf(name, info), firstSeq, lastSeq, messages, deleted: new Set(deleted) };
    } catch (error) {
      throw toSpoorError(error);
    }
  }

  async *entries(shard: number): AsyncGenerator<AuditedEntry[], void, undefined> {
    const stream = subjects.eventStream(shard);
    for await (const { messages } of readRaw(this.connection, { stream, maxBatch: MAX_BATCH })) {
      const batch: AuditedEntry[] = [];
      for (const raw of messages) {
        const decoded = decodeEvent(raw, this.blobs, true);
        const expected = raw.msg.headers?.get('Nats-Expected-Last-Subject-Sequence');
        batch.push({
          entry: decoded instanceof PartialEntry ? await decoded.load() : decoded,
          expectedSeq: expected ? Number(expected) : null,
        });
      }
      yield batch;
    }
  }
}
