import { MsgHdrsImpl, type MsgHdrs } from '@nats-io/transport-node';
import { ApiError } from './errors.js';
import type { LogConnection } from './connection.js';

export interface StoredMessage {
  seq: number;
  /** Server's clock, ms since the epoch. */
  storedAt: number;
  subject: string;
  headers: MsgHdrs | undefined;
  data: Buffer;
}

interface RawAnswer {
  message: { subject: string; seq: number; time: string; hdrs?: string; data?: string };
}

/**
 * One message by sequence, or the next one of a subject from a sequence on, as the stream's leader knows it; null when there
 * is none. A direct get may be answered by a replica that lags, so it cannot prove that something is absent.
 */
export async function leaderMessage(
  connection: LogConnection,
  stream: string,
  query: { seq: number; next_by_subj?: string } | { last_by_subj: string },
): Promise<StoredMessage | null> {
  try {
    const { message } = await connection.requests.json<RawAnswer>(`$JS.API.STREAM.MSG.GET.${stream}`, query);
    return {
      seq: message.seq,
      storedAt: Date.parse(message.time),
      subject: message.subject,
      headers: message.hdrs ? MsgHdrsImpl.decode(Buffer.from(message.hdrs, 'base64')) : undefined,
      data: Buffer.from(message.data ?? '', 'base64'),
    };
  } catch (error) {
    if (error instanceof ApiError && error.errCode === 10037) return null;
    throw error;
  }
}

/** Payload of the last message of a subject; null only when the leader has none. */
export async function storedMessage(
  connection: LogConnection,
  stream: string,
  subject: string,
): Promise<Uint8Array | null> {
  const direct = await connection.requests.direct(`$JS.API.DIRECT.GET.${stream}.${subject}`, undefined);
  if (direct && (direct.headers?.code ?? 0) < 400) return direct.data;
  return (await leaderMessage(connection, stream, { last_by_subj: subject }))?.data ?? null;
}
