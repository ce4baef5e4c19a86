import { createInbox, type Msg } from '@nats-io/transport-node';
import type { StreamConfig } from '@nats-io/jetstream';
import type { Snapshot } from '#libs/engine/ports';
import type { LogConnection } from './connection.js';
import { ApiError, unavailable } from './errors.js';
import { identityOf, streamInfo, type StreamInfo } from './streams.js';

/** Both ways; servers since 2.10 take up to 1 MiB. */
const CHUNK_BYTES = 128 * 1024;
/** Chunks of a restore that wait for their acknowledgement. */
const WINDOW = 32;
/** The server gives up on a client that is silent for 5 s; we have more patience with it. */
const SILENCE_MS = 30_000;
/** Once all is sent, the server unpacks and checks the whole stream before it answers. */
const UNPACK_MS = 30 * 60_000;
const END_OF_FILE = 204;

interface Answer {
  error?: { code: number; err_code?: number; description?: string };
}

/** Sent once: repeating any of these would begin a second snapshot, or put a chunk into it twice. */
async function ask<T>(
  { nc }: LogConnection,
  subject: string,
  body: object | Uint8Array,
  timeoutMs = SILENCE_MS,
): Promise<T> {
  const payload = body instanceof Uint8Array ? body : JSON.stringify(body);
  let reply: Msg;
  try {
    reply = await nc.request(subject, payload, { timeout: timeoutMs });
  } catch (error) {
    throw unavailable('NATS does not answer', error);
  }
  if (reply.data.length === 0) return undefined as T;
  const answer = reply.json<Answer>();
  if (!answer.error) return answer as T;
  throw new ApiError(answer.error.code, answer.error.err_code ?? 0, answer.error.description ?? '');
}

/**
 * `$JS.API.STREAM.SNAPSHOT`: the server sends the stream in numbered chunks, each acknowledged on its reply subject, then an
 * empty message. Without the server's own check of the messages (`jsck`): on a damaged store 2.10 gives up what it could still
 * read, and 2.15 notices nothing.
 *
 * @throws ApiError, SpoorError store_unavailable
 */
export async function takeSnapshot(connection: LogConnection, stream: string): Promise<Snapshot> {
  const identity = identityOf(stream, await streamInfo(connection, stream));
  const inbox = createInbox();
  const subscription = connection.nc.subscribe(inbox);
  try {
    const { config, state } = await ask<Pick<Snapshot, 'config' | 'state'>>(
      connection,
      `$JS.API.STREAM.SNAPSHOT.${stream}`,
      { deliver_subject: inbox, no_consumers: true, jsck: false, chunk_size: CHUNK_BYTES },
    );
    return { stream, identity, config, state, chunks: chunksOf(connection, subscription) };
  } catch (error) {
    subscription.unsubscribe();
    throw error;
  }
}

async function* chunksOf(
  connection: LogConnection,
  subscription: ReturnType<LogConnection['nc']['subscribe']>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const messages = subscription[Symbol.asyncIterator]();
  // Another server, or the same one started anew, knows nothing of this snapshot.
  let lost = !connection.connected;
  const offChange = connection.onChange(() => {
    lost = true;
    subscription.unsubscribe();
  });
  try {
    for (let index = 1; ; index += 1) {
      const next = await within(SILENCE_MS, messages.next());
      if (next === null || next.done || lost) throw unavailable('the snapshot ended before it was whole');
      const { data, headers, reply } = next.value;
      if (data.length === 0) {
        if (headers && headers.code !== END_OF_FILE)
          throw unavailable(`NATS gave the snapshot up (${headers.code} ${headers.description})`);
        return;
      }
      // The last part of the reply numbers the chunk: one that went missing would leave a file that cannot be unpacked.
      if (reply && Number(reply.split('.').at(-1)) !== index)
        throw unavailable('a part of the snapshot went missing on its way');
      yield data;
      if (reply) connection.nc.publish(reply);
    }
  } finally {
    offChange();
    subscription.unsubscribe();
  }
}

function within<T>(ms: number, work: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), ms)));
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/**
 * `$JS.API.STREAM.RESTORE`: the server names a subject, takes the chunks there in order, acknowledges each, and answers the empty
 * one after the last with what it made of them.
 *
 * @throws ApiError, SpoorError store_unavailable
 */
export async function restoreSnapshot(
  connection: LogConnection,
  stream: string,
  request: { config: Partial<StreamConfig>; state: unknown },
  chunks: AsyncIterable<Uint8Array>,
): Promise<StreamInfo> {
  const { deliver_subject: to } = await ask<{ deliver_subject: string }>(
    connection,
    `$JS.API.STREAM.RESTORE.${stream}`,
    request,
  );
  const waiting: Promise<unknown>[] = [];
  for await (const chunk of chunks)
    for (let at = 0; at < chunk.length; at += CHUNK_BYTES) {
      const sent = ask(connection, to, chunk.subarray(at, at + CHUNK_BYTES));
      // Its failure is seen when its turn comes.
      sent.catch(() => undefined);
      waiting.push(sent);
      if (waiting.length >= WINDOW) await waiting.shift();
    }
  await Promise.all(waiting);
  return ask<StreamInfo>(connection, to, new Uint8Array(0), UNPACK_MS);
}
