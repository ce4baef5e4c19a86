import type { ConsumerInfo } from '@nats-io/jetstream';
import { isUnreadable, subjects } from '#libs/events';
import type { Allowance, Copies, LastDecisions, LogInspection, QueueUse } from '#libs/engine/ports';
import { BlobStore } from './blobs.js';
import { decodeEvent, isDecision, PartialEntry } from './codec.js';
import type { LogConnection } from './connection.js';
import { ApiError, toSpoorError } from './errors.js';
import { lastOfEachSubject } from './last-of-each.js';
import { streamInfo } from './streams.js';

interface Usage {
  storage: number;
  limits: { max_storage: number };
}
interface AccountInfo extends Usage {
  /** Where an account is limited by the number of copies: R1, R3. */
  tiers?: Record<string, Usage>;
}

const streamsOf = (shard: number): string[] => [
  subjects.eventStream(shard),
  subjects.fetchStream(shard),
  subjects.blobStream(shard),
];

/** See the port. Asks the server only; nothing of it is kept. */
export class JetStreamInspection implements LogInspection {
  private readonly blobs: BlobStore;

  constructor(private readonly connection: LogConnection) {
    this.blobs = new BlobStore(connection);
  }

  refusedAt(): number | null {
    return this.connection.requests.refusedAt;
  }

  async allowances(shard: number): Promise<Allowance[]> {
    const streams = streamsOf(shard);
    const found = await this.asking(() =>
      Promise.all([this.ofAccount(), ...streams.map((stream) => this.ofStream(stream))]),
    );
    return found.flat().filter(({ limit }) => limit > 0);
  }

  copies(shard: number): Promise<Copies[]> {
    return this.asking(() =>
      Promise.all(
        streamsOf(shard).map(async (stream) => {
          const { config } = await streamInfo(this.connection, stream);
          return { stream, replicas: config.num_replicas };
        }),
      ),
    );
  }

  private async ofAccount(): Promise<Allowance[]> {
    const info = await this.connection.requests.json<AccountInfo>('$JS.API.INFO', undefined);
    const tiers = Object.values(info.tiers ?? {});
    return (tiers.length > 0 ? tiers : [info]).map(({ storage, limits }) => ({
      ...{ name: 'account', unit: 'bytes', used: storage, limit: limits.max_storage },
    }));
  }

  private async ofStream(stream: string): Promise<Allowance[]> {
    const { config, state } = await streamInfo(this.connection, stream);
    const name = `stream ${stream}`;
    return [
      { name, unit: 'bytes', used: state.bytes, limit: config.max_bytes },
      { name, unit: 'messages', used: state.messages, limit: config.max_msgs },
    ];
  }

  async lastDecisions(shard: number): Promise<LastDecisions> {
    const stream = subjects.eventStream(shard);
    const found: LastDecisions = { decisions: [], unreadable: [] };
    for (const message of await lastOfEachSubject(this.connection, stream, subjects.allJobEvents(shard))) {
      const entry = decodeEvent(message, this.blobs, false);
      if (entry instanceof PartialEntry) continue;
      if (isUnreadable(entry)) found.unreadable.push(entry);
      else if (isDecision(entry)) found.decisions.push(entry);
    }
    return found;
  }

  async storedBehind(shard: number, seq: number): Promise<number | null> {
    const subject = `$JS.API.STREAM.MSG.GET.${subjects.eventStream(shard)}`;
    try {
      const { message } = await this.connection.requests.json<{ message: { time: string } }>(subject, {
        ...{ seq: seq + 1, next_by_subj: subjects.allEvents(shard) },
      });
      return Date.parse(message.time);
    } catch (error) {
      if (error instanceof ApiError && error.errCode === NO_MESSAGE) return null;
      throw toSpoorError(error);
    }
  }

  async queue(shard: number, pool: string): Promise<QueueUse> {
    const stream = subjects.fetchStream(shard);
    const tasks = await this.tasksBySubject(shard, subjects.fetchesOfPool(shard, pool));
    const consumer = await this.consumer(stream, pool);
    const times = [consumer?.delivered.last_active, consumer?.ack_floor.last_active].map(
      (time) => Date.parse(String(time)) || 0,
    );
    return {
      tasks: Object.values(tasks).reduce((sum, count) => sum + count, 0),
      pulls: consumer?.num_waiting ?? 0,
      lastActivityAt: Math.max(...times) || null,
    };
  }

  async waitingPools(shard: number): Promise<string[]> {
    const tasks = await this.tasksBySubject(shard, subjects.allFetches(shard));
    return [...new Set(Object.keys(tasks).map(subjects.poolOfFetch))].sort();
  }

  /** Few: what is in flight alone lies there, under one subject for each job. */
  private async tasksBySubject(shard: number, filter: string): Promise<Record<string, number>> {
    const { state } = await this.asking(() =>
      streamInfo(this.connection, subjects.fetchStream(shard), filter),
    );
    return state.subjects ?? {};
  }

  /** Null before the first worker came. */
  private async consumer(stream: string, pool: string): Promise<ConsumerInfo | null> {
    try {
      const subject = `$JS.API.CONSUMER.INFO.${stream}.pool_${pool}`;
      return await this.connection.requests.json<ConsumerInfo>(subject, undefined);
    } catch (error) {
      if (error instanceof ApiError && error.errCode === NO_CONSUMER) return null;
      throw toSpoorError(error);
    }
  }

  private async asking<T>(question: () => Promise<T>): Promise<T> {
    return question().catch((error: unknown) => {
      throw toSpoorError(error);
    });
  }
}

const NO_MESSAGE = 10037;
const NO_CONSUMER = 10014;
