import { nuid } from '@nats-io/transport-node';
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
import { deliveredSeq, dropMessage, settledSeq } from './forgotten-tasks.js';
import { FetchPuller } from './puller.js';
import { leaderMessage } from './stored.js';
import { streamInfo } from './streams.js';
import { parseTaskBatch } from './task-batch.js';

/** The work queue on JetStream; see the port. Repeated publishes are safe: the second one meets a later sequence. */
export class JetStreamFetchQueue implements FetchQueue {
  /** Shards whose queue has one copy. */
  private readonly single = new Map<number, boolean>();

  constructor(private readonly connection: LogConnection) {}

  async release(shard: number, pool: string, batches: TaskBatch[], expectedLastSeq: number): Promise<number> {
    try {
      return (await this.pipelined(shard))
        ? await this.releaseTogether(pool, batches, expectedLastSeq)
        : await this.releaseOneByOne(pool, batches, expectedLastSeq);
    } catch (error) {
      const stale = error instanceof ApiError && (error.isWrongSequence || error.isWrongMessageId);
      throw stale ? new StaleReleaseError() : toSpoorError(error);
    }
  }

  /**
   * All in one write. The sequence alone would not do: were the first refused because another one's message took its place, the
   * second would find the sequence that it expects. So each names the one before it, too.
   */
  private async releaseTogether(pool: string, batches: TaskBatch[], lastSeq: number): Promise<number> {
    const release = nuid.next();
    const acks = await Promise.allSettled(
      batches.map((batch, i) =>
        this.publish(pool, batch, lastSeq + i, `${release}:${i}`, i && `${release}:${i - 1}`),
      ),
    );
    let last = lastSeq;
    for (const ack of acks) {
      if (ack.status === 'rejected') throw ack.reason;
      last = ack.value.seq;
    }
    return last;
  }

  /** Servers in a cluster check the message before last only once it is replicated. */
  private async releaseOneByOne(pool: string, batches: TaskBatch[], lastSeq: number): Promise<number> {
    let last = lastSeq;
    for (const batch of batches) last = (await this.publish(pool, batch, last, nuid.next(), 0)).seq;
    return last;
  }

  private publish(
    pool: string,
    batch: TaskBatch,
    expectedLastSeq: number,
    id: string,
    expectedLastId: string | 0,
  ): Promise<{ seq: number }> {
    let text = `NATS/1.0\r\nNats-Msg-Id: ${id}\r\nNats-Expected-Last-Sequence: ${expectedLastSeq}\r\n`;
    if (expectedLastId !== 0) text += `Nats-Expected-Last-Msg-Id: ${expectedLastId}\r\n`;
    const subject = subjects.fetchSubject(batch.jobId, batch.pool ?? pool);
    return this.connection.requests.publish(subject, JSON.stringify(batch), {
      headers: new TextHeaders(`${text}\r\n`),
    });
  }

  private async pipelined(shard: number): Promise<boolean> {
    let single = this.single.get(shard);
    if (single === undefined) {
      const { config } = await streamInfo(this.connection, subjects.fetchStream(shard));
      single = config.num_replicas === 1;
      this.single.set(shard, single);
    }
    return single;
  }

  async snapshot(shard: number): Promise<{ lastSeq: number; batches: QueuedBatch[] }> {
    const stream = subjects.fetchStream(shard);
    const found: { pool: string; batch: QueuedBatch }[] = [];
    try {
      const { state } = await streamInfo(this.connection, stream);
      for (let seq = Math.max(1, state.first_seq); ;) {
        const query = { seq, next_by_subj: subjects.allFetches(shard) };
        const message = await leaderMessage(this.connection, stream, query);
        if (!message) break;
        const batch = parseTaskBatch(message.data);
        const pool = subjects.poolOfFetch(message.subject);
        if (batch) found.push({ pool, batch: { ...batch, seq: message.seq } });
        else this.connection.logger.error(`task ${message.seq} of ${stream} cannot be read`);
        seq = message.seq + 1;
      }
      return { lastSeq: state.last_seq, batches: await this.withoutForgotten(stream, found) };
    } catch (error) {
      throw toSpoorError(error);
    }
  }

  /** What no worker will ever be sent is not in flight. */
  private async withoutForgotten(
    stream: string,
    found: readonly { pool: string; batch: QueuedBatch }[],
  ): Promise<QueuedBatch[]> {
    const settled = new Map<string, number>();
    const batches: QueuedBatch[] = [];
    for (const { pool, batch } of found) {
      let upTo = settled.get(pool);
      if (upTo === undefined) settled.set(pool, (upTo = await settledSeq(this.connection, stream, pool)));
      if (batch.seq > upTo) batches.push(batch);
      else {
        this.connection.logger.warn(`task ${batch.seq} of ${stream} was done, and is taken out now`);
        await dropMessage(this.connection, stream, batch.seq);
      }
    }
    return batches;
  }

  async taken(shard: number, pool: string): Promise<number> {
    try {
      return await deliveredSeq(this.connection, subjects.fetchStream(shard), pool);
    } catch (error) {
      throw toSpoorError(error);
    }
  }

  pull(shard: number, pool: string, options: PullOptions): PullHandle {
    return new FetchPuller(this.connection, shard, pool, options);
  }
}
