import {
  accountCatalogue,
  isAccountEventType,
  subjects,
  type AccountEvent,
  type NewAccountEvent,
} from '#libs/events';
import {
  ConflictError,
  type AccountBatch,
  type AccountLog,
  type AccountReadOptions,
  type Appended,
} from '#libs/engine/ports';
import type { LogConnection } from './connection.js';
import { decodeEnvelope, encodeEnvelope } from './envelope.js';
import { ApiError, toSpoorError } from './errors.js';
import { readRaw } from './reader.js';
import type { RawMessage } from './session.js';
import { leaderMessage, type StoredMessage } from './stored.js';
import { ensureAccountStream, identityOf, streamInfo } from './streams.js';

const MAX_BATCH = 500;

/** Its stream is made at the first call: an engine that only crawls has none. */
export function openAccountLog(connection: LogConnection, replicas: number): () => Promise<AccountLog> {
  let made: Promise<void> | null = null;
  return async () => {
    made ??= ensureAccountStream(connection, replicas).catch((error: unknown) => {
      made = null;
      throw error;
    });
    await made;
    return new JetStreamAccountLog(connection);
  };
}

/** The account log on JetStream. Its events are small: no blobs, no compression. */
export class JetStreamAccountLog implements AccountLog {
  constructor(private readonly connection: LogConnection) {}

  async append(event: NewAccountEvent, expectedSeq?: number): Promise<Appended> {
    const { type, id, subject, time } = event;
    const { version, data: schema } = accountCatalogue[type];
    const payload = JSON.stringify(schema.parse(event.data));
    const headers = encodeEnvelope({
      ...{ id, type, version, time, gzip: false, expectedSeq },
      jobId: subject.slice(subject.lastIndexOf('.') + 1),
    });
    try {
      const ack = await this.connection.requests.publish(subject, payload, { headers });
      return { seq: ack.seq, duplicate: ack.duplicate === true };
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isWrongSequence) throw toSpoorError(error);
      // Also the answer when the first try was stored and only its acknowledgement was lost.
      const seq = await this.find(subject, id);
      if (seq === null) throw new ConflictError(subject);
      return { seq, duplicate: true };
    }
  }

  private async find(subject: string, id: string): Promise<number | null> {
    const stream = subjects.ACCOUNT_STREAM;
    const options = { stream, filter: subject, headersOnly: true, maxBatch: MAX_BATCH };
    for await (const { messages } of readRaw(this.connection, options))
      for (const { msg, seq } of messages) if (decodeEnvelope(msg.headers).id === id) return seq;
    return null;
  }

  async *read(options: AccountReadOptions = {}): AsyncGenerator<AccountBatch, void, undefined> {
    const { only, ...rest } = options;
    const filter = only === 'keys' ? subjects.allKeys : only?.subject;
    const raw = { ...rest, stream: subjects.ACCOUNT_STREAM, filter, maxBatch: MAX_BATCH };
    for await (const { messages, upTo, caughtUp } of readRaw(this.connection, raw)) {
      const events = messages
        .map((message) => this.decode(storedOf(message)))
        .filter((event) => event !== null);
      yield { events, upTo, caughtUp };
    }
  }

  async identity(): Promise<string> {
    const name = subjects.ACCOUNT_STREAM;
    try {
      return identityOf(name, await streamInfo(this.connection, name));
    } catch (error) {
      throw toSpoorError(error);
    }
  }

  async idAt(seq: number): Promise<string | null> {
    const message = await leaderMessage(this.connection, subjects.ACCOUNT_STREAM, { seq });
    return message && decodeEnvelope(message.headers).id;
  }

  async last(subject: string): Promise<AccountEvent | null> {
    const found = await leaderMessage(this.connection, subjects.ACCOUNT_STREAM, { last_by_subj: subject });
    return found && this.decode(found);
  }

  private decode({ seq, storedAt, subject, headers, data: payload }: StoredMessage): AccountEvent | null {
    const { id, type, version, time } = decodeEnvelope(headers);
    const skip = (reason: string): null => {
      this.connection.logger.error(`account event ${seq} cannot be read: ${reason}`);
      return null;
    };
    if (id === null || type === null || time === null) return skip('a header is missing');
    if (!isAccountEventType(type)) return skip(`unknown type ${type}`);
    if (version === null || version > accountCatalogue[type].version) return skip('written by newer code');
    let data: unknown;
    try {
      data = JSON.parse(new TextDecoder().decode(payload));
    } catch {
      return skip('its payload is no JSON');
    }
    const checked = accountCatalogue[type].data.safeParse(data);
    if (!checked.success) return skip('its data is malformed');
    return { type, id, subject, data: checked.data, time, seq, storedAt } as AccountEvent;
  }
}

const storedOf = ({ seq, storedAt, msg }: RawMessage): StoredMessage => ({
  ...{ seq, storedAt, subject: msg.subject, headers: msg.headers },
  data: Buffer.from(msg.data),
});
