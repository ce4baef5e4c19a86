import { subjects } from '#libs/events';
import type { LogConnection } from '../connection.js';
import { ApiError, toSpoorError } from '../errors.js';
import { readRaw } from '../reader.js';
import { streamInfo } from '../streams.js';

const KEPT_FOR_EACH = 500;
const KEPT_DAYS = 30;

/** What was sent to webhooks: the last 500 deliveries of each, for thirty days. */
export interface DeliveryLog {
  append(webhookId: string, delivery: object): Promise<void>;
  /** Newest first. */
  last(webhookId: string, limit: number): Promise<unknown[]>;
}

export async function openDeliveryLog(connection: LogConnection): Promise<DeliveryLog> {
  const stream = subjects.DELIVERY_STREAM;
  try {
    await streamInfo(connection, stream);
  } catch (error) {
    if (!(error instanceof ApiError) || !error.isStreamMissing) throw toSpoorError(error);
    const config = {
      ...{ name: stream, subjects: [subjects.allDeliveries], storage: 'file', retention: 'limits' },
      ...{ discard: 'old', max_msgs_per_subject: KEPT_FOR_EACH, max_age: KEPT_DAYS * 86_400 * 1e9 },
    };
    await connection.requests.json(`$JS.API.STREAM.CREATE.${stream}`, config).catch((cause: unknown) => {
      // Another process made it in between.
      if (!(cause instanceof ApiError) || cause.errCode !== 10058) throw toSpoorError(cause);
    });
  }
  return {
    append: async (webhookId, delivery) => {
      const text = JSON.stringify(delivery);
      await connection.requests.publish(subjects.deliveriesOf(webhookId), text).catch((error: unknown) => {
        throw toSpoorError(error);
      });
    },
    last: async (webhookId, limit) => {
      const all: unknown[] = [];
      const filter = subjects.deliveriesOf(webhookId);
      for await (const { messages } of readRaw(connection, { stream, filter, maxBatch: KEPT_FOR_EACH }))
        for (const { msg } of messages) all.push(JSON.parse(Buffer.from(msg.data).toString()));
      return all.reverse().slice(0, limit);
    },
  };
}
