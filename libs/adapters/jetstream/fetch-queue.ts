import { subjects } from '#libs/events';
import {
  StaleReleaseError,
  type FetchQueue,
  type PullHandle,
  type PullOptions,
  type QueuedBatch,
  type TaskBatch,
} from '#libs/engine/ports';
import type { LogConnection } from './connection.js';
import { TextHeaders } from './envelope.js';
import { ApiError, toSpoorError } from './errors.js';
import { FetchPuller } from './puller.js';
import { leaderMessage } from './stored.js';
import { streamInfo } from './streams.js';
import { parseTaskBatch } from './task-batch.js';

/** The work queue on JetStream; see the port. Repeated publishes are safe: the second one meets a later sequence. */
export class JetStreamFetchQueue implements FetchQueue {
  constructor(private readonly connection: LogConnection) {}

  async release(shard: number, pool: string, batches: TaskBatch[], expectedLastSeq: number): Promise<number> {
    // All in one write and in order: the server takes the second only behind the first.
    const published = batches.map((batch, i) =>
      this.connection.requests.publish(subjects.fetchSubject(batch.jobId, pool), JSON.stringify(batch), {
        headers: new TextHeaders(`NATS/1.0\r\nNats-Expected-Last-Sequence: ${expectedLastSeq + i}\r\n\r\n`),
      }),
    );
    const outcomes = await Promise.allSettled(published);
    let last = expectedLastSeq;
    let failure: unknown;
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') last = Math.max(last, outcome.value.seq);
      else if (outcome.reason instanceof ApiError && outcome.reason.isWrongSequence)
        throw new StaleReleaseError();
      else failure ??= outcome.reason;
    }
    if (failure !== undefined) throw toSpoorError(failure);
    return last;
  }

  async snapshot(shard: number): Promise<{ lastSeq: number; batches: QueuedBatch[] }> {
    const stream = subjects.fetchStream(shard);
    const batches: QueuedBatch[] = [];
    try {
      const { state } = await streamInfo(this.connection, stream);
      for (let seq = Math.max(1, state.first_seq); ;) {
        const query = { seq, next_by_subj: subjects.allFetches(shard) };
        const message = await leaderMessage(this.connection, stream, query);
        if (!message) break;
        const batch = parseTaskBatch(message.data);
        if (batch) batches.push({ ...batch, seq: message.seq });
        else this.connection.logger.error(`task ${message.seq} of ${stream} cannot be read`);
        seq = message.seq + 1;
      }
      return { lastSeq: state.last_seq, batches };
    } catch (error) {
      throw toSpoorError(error);
    }
  }

  pull(shard: number, pool: string, options: PullOptions): PullHandle {
    return new FetchPuller(this.connection, shard, pool, options);
  }
}
