import { subjects } from '#libs/events';
import type { LogHead } from '#libs/engine/ports';
import type { LogConnection } from './connection.js';
import { decodeEnvelope } from './envelope.js';
import { toSpoorError } from './errors.js';
import { leaderMessage } from './stored.js';
import { identityOf, streamInfo } from './streams.js';

/** @throws SpoorError store_unavailable */
export async function logHead(connection: LogConnection, shard: number): Promise<LogHead> {
  const name = subjects.eventStream(shard);
  try {
    const info = await streamInfo(connection, name);
    const { first_seq: firstSeq, last_seq: lastSeq, bytes } = info.state;
    const maxBytes = info.config.max_bytes > 0 ? info.config.max_bytes : null;
    return { stream: identityOf(name, info), firstSeq, lastSeq, bytes, maxBytes };
  } catch (error) {
    throw toSpoorError(error);
  }
}

/** @throws SpoorError store_unavailable */
export async function eventIdAt(
  connection: LogConnection,
  shard: number,
  seq: number,
): Promise<string | null> {
  try {
    const message = await leaderMessage(connection, subjects.eventStream(shard), { seq });
    return message && decodeEnvelope(message.headers).id;
  } catch (error) {
    throw toSpoorError(error);
  }
}
