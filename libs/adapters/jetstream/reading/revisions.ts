import { Kvm } from '@nats-io/kv';
import type { LogConnection } from '../connection.js';
import { ApiError, toSpoorError, unavailable } from '../errors.js';
import { TextHeaders } from '../envelope.js';
import { leaderMessage } from '../stored.js';

/** Somebody else has written the key since it was read. */
export class RevisionConflictError extends Error {
  readonly code = 'revision_conflict';
  constructor(readonly key: string) {
    super(`${key} was written by somebody else`);
  }
}

/** Small JSON values by key, each written only on the revision that the writer knows. A KV bucket to every other client. */
export interface Revisions {
  /** Null when there never was one; a value of null when it was removed. */
  get(key: string): Promise<{ revision: number; value: unknown } | null>;
  /**
   * @param expected revision that the key must have; 0: none yet
   * @returns the new revision
   * @throws RevisionConflictError, SpoorError store_unavailable
   */
  put(key: string, value: unknown, expected: number): Promise<number>;
  /** Whatever revision it had. */
  remove(key: string): Promise<void>;
  /** Those of removed values among them. */
  keys(): Promise<string[]>;
}

/** Opens a bucket, and makes it when it is missing. A user who may not make one can have it made before. */
export async function openRevisions(connection: LogConnection, bucket: string): Promise<Revisions> {
  try {
    await new Kvm(connection.nc).create(bucket, { history: 1 });
  } catch (error) {
    throw unavailable(`the bucket ${bucket} could not be made`, error);
  }
  return new BucketRevisions(connection, bucket);
}

/** Not by the library's `get` and `update`: those give up at the first lost connection, and read from a replica that may lag. */
class BucketRevisions implements Revisions {
  constructor(
    private readonly connection: LogConnection,
    private readonly bucket: string,
  ) {}

  async get(key: string): Promise<{ revision: number; value: unknown } | null> {
    try {
      const query = { last_by_subj: this.subject(key) };
      const message = await leaderMessage(this.connection, `KV_${this.bucket}`, query);
      if (message === null) return null;
      if (message.headers?.has('KV-Operation')) return { revision: message.seq, value: null };
      return { revision: message.seq, value: JSON.parse(message.data.toString()) as unknown };
    } catch (error) {
      throw toSpoorError(error);
    }
  }

  async put(key: string, value: unknown, expected: number): Promise<number> {
    const text = JSON.stringify(value);
    const headers = new TextHeaders(`NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: ${expected}\r\n\r\n`);
    try {
      return (await this.connection.requests.publish(this.subject(key), text, { headers })).seq;
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isWrongSequence) throw toSpoorError(error);
      // Also the answer when the first try was stored and only its acknowledgement was lost.
      const found = await this.get(key);
      if (found !== null && JSON.stringify(found.value) === text) return found.revision;
      throw new RevisionConflictError(key);
    }
  }

  async remove(key: string): Promise<void> {
    const headers = new TextHeaders('NATS/1.0\r\nKV-Operation: DEL\r\n\r\n');
    try {
      await this.connection.requests.publish(this.subject(key), '', { headers });
    } catch (error) {
      throw toSpoorError(error);
    }
  }

  async keys(): Promise<string[]> {
    try {
      const { state } = await this.connection.requests.json<{ state: { subjects?: Record<string, number> } }>(
        `$JS.API.STREAM.INFO.KV_${this.bucket}`,
        { subjects_filter: this.subject('>') },
      );
      const from = this.subject('').length;
      return Object.keys(state.subjects ?? {})
        .map((subject) => subject.slice(from))
        .sort();
    } catch (error) {
      throw toSpoorError(error);
    }
  }

  private subject(key: string): string {
    return `$KV.${this.bucket}.${key}`;
  }
}
