import type { LogConnection } from './connection.js';
import { ApiError } from './errors.js';
import { consumerOfPool } from './puller.js';

interface ConsumerInfo {
  delivered: { stream_seq: number };
  ack_floor: { stream_seq: number };
  num_pending: number;
  num_ack_pending: number;
}

/**
 * Sequence up to which a pool's consumer will deliver nothing any more; 0 where there is no consumer yet. What still lies below it
 * was acknowledged, and the server lost the removal: seen after it had run out of disk.
 */
export async function settledSeq(connection: LogConnection, stream: string, pool: string): Promise<number> {
  const info = await consumerInfo(connection, stream, pool);
  if (!info) return 0;
  const idle = info.num_pending === 0 && info.num_ack_pending === 0;
  return Math.max(info.ack_floor.stream_seq, idle ? info.delivered.stream_seq : 0);
}

/** Sequence up to which a pool's consumer has delivered what is for it; 0 where there is no consumer yet. */
export const deliveredSeq = async (
  connection: LogConnection,
  stream: string,
  pool: string,
): Promise<number> => (await consumerInfo(connection, stream, pool))?.delivered.stream_seq ?? 0;

async function consumerInfo(
  connection: LogConnection,
  stream: string,
  pool: string,
): Promise<ConsumerInfo | null> {
  try {
    const subject = `$JS.API.CONSUMER.INFO.${stream}.${consumerOfPool(pool)}`;
    return await connection.requests.json<ConsumerInfo>(subject, undefined);
  } catch (error) {
    if (error instanceof ApiError && error.isConsumerMissing) return null;
    throw error;
  }
}

/** Takes a message out that nobody will ever be sent. It may be gone already. */
export async function dropMessage(connection: LogConnection, stream: string, seq: number): Promise<void> {
  try {
    await connection.requests.json(`$JS.API.STREAM.MSG.DELETE.${stream}`, { seq, no_erase: true });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}
