import { subjects } from '#libs/events';
import type { LogBatch, LogHead } from '#libs/engine/ports';
import { BlobStore } from '../blobs.js';
import { dial, type LogConnection } from '../connection.js';
import { readEntries, type EntryOptions } from '../entries.js';
import { toSpoorError } from '../errors.js';
import { eventIdAt, logHead } from '../head.js';
import { silentLogger, type AdapterLogger } from '../logger.js';
import { seqAtTime } from '../seq-at-time.js';
import { openDeliveryLog, type DeliveryLog } from './deliveries.js';
import { openRevisions, type Revisions } from './revisions.js';

export interface OpenReaderOptions {
  /** `nats://[user:password@|token@]host:port`, several separated by commas; `tls://` for TLS. */
  url: string;
  /** Names this process in the server's list of connections. */
  name: string;
  timeoutMs?: number | undefined;
  connectTimeoutMs?: number | undefined;
  logger?: AdapterLogger | undefined;
}

/** The event log for those who only read it: makes no stream and checks none. */
export interface LogReader {
  /** Shards that have an event stream, in order. */
  shards(): Promise<number[]>;
  head(shard: number): Promise<LogHead>;
  /** Id of the event at a sequence; null when it is not there. */
  eventIdAt(shard: number, seq: number): Promise<string | null>;
  /** Sequence of the first event stored at a moment (ms since the epoch) or later; the one behind the head when there is none. */
  seqAt(shard: number, time: number): Promise<number>;
  read(options: EntryOptions): AsyncIterable<LogBatch>;
  revisions(bucket: string): Promise<Revisions>;
  deliveries(): Promise<DeliveryLog>;
  close(): Promise<void>;
}

/** @throws SpoorError store_unavailable, invalid_request */
export async function openLogReader(options: OpenReaderOptions): Promise<LogReader> {
  const connection = await dial({
    url: options.url,
    name: options.name,
    connectTimeoutMs: options.connectTimeoutMs ?? 5000,
    timeoutMs: options.timeoutMs ?? 30_000,
    logger: options.logger ?? silentLogger,
  });
  return new JetStreamLogReader(connection);
}

class JetStreamLogReader implements LogReader {
  private readonly blobs: BlobStore;

  constructor(private readonly connection: LogConnection) {
    this.blobs = new BlobStore(connection);
  }

  shards(): Promise<number[]> {
    return this.asked(async () => {
      const query = { offset: 0, subject: subjects.everyEvent };
      const { streams } = await this.connection.requests.json<{ streams: string[] | null }>(
        '$JS.API.STREAM.NAMES',
        query,
      );
      const shards = (streams ?? []).map(subjects.shardOfEventStream);
      return shards.filter((shard) => shard !== null).sort((a, b) => a - b);
    });
  }

  head(shard: number): Promise<LogHead> {
    return logHead(this.connection, shard);
  }

  eventIdAt(shard: number, seq: number): Promise<string | null> {
    return eventIdAt(this.connection, shard, seq);
  }

  seqAt(shard: number, time: number): Promise<number> {
    return this.asked(() => seqAtTime(this.connection, shard, time));
  }

  read(options: EntryOptions): AsyncIterable<LogBatch> {
    return readEntries(this.connection, this.blobs, options);
  }

  revisions(bucket: string): Promise<Revisions> {
    return openRevisions(this.connection, bucket);
  }

  deliveries(): Promise<DeliveryLog> {
    return openDeliveryLog(this.connection);
  }

  async close(): Promise<void> {
    if (this.connection.connected) {
      await this.connection.requests.idle(2000);
      await this.connection.nc.drain().catch(() => {});
    }
    await this.connection.nc.close();
  }

  private async asked<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toSpoorError(error);
    }
  }
}
