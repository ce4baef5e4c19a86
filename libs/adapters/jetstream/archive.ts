import { subjects } from '#libs/events';
import type { LogArchive, Snapshot, SnapshotInfo, StreamSummary } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import type { LogConnection } from './connection.js';
import { ApiError, toSpoorError } from './errors.js';
import { restoreSnapshot, takeSnapshot } from './snapshot.js';
import { ensureStreams, RESTORED, streamInfo } from './streams.js';

/** Leases are left out: they belong to the moment. */
const COMPANIONS: readonly string[] = [
  subjects.ACCOUNT_STREAM,
  `KV_${subjects.WEBHOOK_BUCKET}`,
  `KV_${subjects.CHECKPOINT_BUCKET}`,
];

/** Exists while streams are being replaced. It holds nothing. */
const SIGN = {
  name: subjects.RESTORE_SIGN,
  subjects: [subjects.restoreSign],
  storage: 'file',
  retention: 'limits',
  max_msgs: 1,
};

/** @throws SpoorError store_unavailable when the log is in the middle of being restored. */
export async function refuseHalfRestored(connection: LogConnection): Promise<void> {
  if (!(await exists(connection, SIGN.name))) return;
  throw new SpoorError(
    'store_unavailable',
    'The event log is being restored, or a restore was interrupted.',
    {
      hint: 'Wait for it, or run the same `spoor log restore` again.',
    },
  );
}

async function exists(connection: LogConnection, stream: string): Promise<boolean> {
  try {
    await streamInfo(connection, stream);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.isStreamMissing) return false;
    throw error;
  }
}

export class JetStreamArchive implements LogArchive {
  constructor(
    private readonly connection: LogConnection,
    private readonly options: { shards: number; replicas: number },
  ) {}

  get serverVersion(): string {
    return this.connection.nc.info?.version ?? 'unknown';
  }

  streams(shard: number): Promise<StreamSummary[]> {
    const names = [subjects.eventStream(shard), subjects.blobStream(shard)];
    return this.speak(() =>
      Promise.all(
        names.map(async (stream) => {
          const { state } = await streamInfo(this.connection, stream);
          return { stream, messages: state.messages, lastSeq: state.last_seq };
        }),
      ),
    );
  }

  companions(): Promise<StreamSummary[]> {
    return this.speak(async () => {
      const found: StreamSummary[] = [];
      for (const stream of COMPANIONS) {
        if (!(await exists(this.connection, stream))) continue;
        const { state } = await streamInfo(this.connection, stream);
        found.push({ stream, messages: state.messages, lastSeq: state.last_seq });
      }
      return found;
    });
  }

  dropCompanion(stream: string): Promise<void> {
    if (!COMPANIONS.includes(stream)) throw new RangeError(`${stream} is none that a backup brings back`);
    return this.speak(() => this.remove(stream));
  }

  snapshot(stream: string): Promise<Snapshot> {
    return this.speak(() => takeSnapshot(this.connection, stream));
  }

  interrupted(): Promise<boolean> {
    return this.speak(() => exists(this.connection, SIGN.name));
  }

  beginRestore(): Promise<void> {
    return this.speak(async () => {
      if (await exists(this.connection, SIGN.name)) return;
      await this.connection.requests.json(`$JS.API.STREAM.CREATE.${SIGN.name}`, {
        ...SIGN,
        num_replicas: this.options.replicas,
      });
    });
  }

  drop(shard: number): Promise<void> {
    return this.speak(async () => {
      // The events last: without them an empty log would look like a new one.
      for (const nameOf of [subjects.fetchStream, subjects.blobStream, subjects.eventStream])
        await this.remove(nameOf(shard));
    });
  }

  restore(
    { stream, config, state }: SnapshotInfo,
    chunks: AsyncIterable<Uint8Array>,
    mark: string,
  ): Promise<void> {
    return this.speak(async () => {
      const metadata = { ...(config.metadata as Record<string, string> | undefined), [RESTORED]: mark };
      const wanted = { ...config, metadata, num_replicas: this.options.replicas };
      const request = { config: wanted, state };
      const made = await restoreSnapshot(this.connection, stream, request, chunks).catch(
        async (error: unknown) => {
          // Some servers leave the part of it that they could unpack.
          await this.remove(stream).catch(() => undefined);
          throw error;
        },
      );
      if (made.state.messages !== state.messages || made.state.last_seq !== state.last_seq)
        throw new SpoorError(
          'store_unavailable',
          `${stream} was restored with ${made.state.messages} of ${state.messages} messages`,
          { hint: 'The backup was taken of a damaged store; use another one.' },
        );
    });
  }

  endRestore(): Promise<void> {
    return this.speak(async () => {
      for (let shard = 0; shard < this.options.shards; shard += 1)
        await ensureStreams(this.connection, shard, this.options.replicas);
      await this.remove(SIGN.name);
    });
  }

  private async remove(stream: string): Promise<void> {
    try {
      await this.connection.requests.json(`$JS.API.STREAM.DELETE.${stream}`, undefined);
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isStreamMissing) throw error;
    }
  }

  /** The server's own words say what is wrong with a snapshot, and hold nothing that is secret here. */
  private async speak<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ApiError && (error.errCode === 10062 || error.errCode === 10064))
        throw new SpoorError(
          'store_unavailable',
          `NATS refused: ${error.description.replace(/\/\S+/g, '…')}`,
          {
            hint: 'Look into the log of nats-server; `spoor log verify` tells whether the log itself is damaged.',
          },
          { cause: error },
        );
      throw toSpoorError(error);
    }
  }
}
