/** A stream of the log as it was when its snapshot was taken. */
export interface SnapshotInfo {
  stream: string;
  /** As in `Position`: which stream of that name it was. */
  identity: string;
  /** What the server needs to make the stream again; opaque to the engine. */
  config: Record<string, unknown>;
  /** As the server counts; opaque, but for these. */
  state: { messages: number; first_seq: number; last_seq: number; bytes: number } & Record<string, unknown>;
}

export interface Snapshot extends SnapshotInfo {
  /** @throws SpoorError store_unavailable when the server stops sending before the end. */
  chunks: AsyncIterable<Uint8Array>;
}

export interface StreamSummary {
  stream: string;
  messages: number;
  lastSeq: number;
}

/** The streams that are the truth, as wholes: what a backup holds and a restore brings back. */
export interface LogArchive {
  /** Of the server that is spoken to, `major.minor.patch`. */
  readonly serverVersion: string;
  /**
   * Streams of a shard in the order in which they must be saved: events first, so that the long lists they refer to, stored
   * before them, are in what is saved after them.
   */
  streams(shard: number): Promise<StreamSummary[]>;
  /** What is kept beside the logs of jobs, as far as it is there: keys and payments, webhooks, checkpoints of subscribers. */
  companions(): Promise<StreamSummary[]>;
  /** @throws SpoorError store_unavailable */
  snapshot(stream: string): Promise<Snapshot>;
  /** True when a restore was begun and did not end. */
  interrupted(): Promise<boolean>;
  /** Says that the streams are about to be replaced: until `endRestore` nobody connects as to a log that is whole. */
  beginRestore(): Promise<void>;
  /** Removes the streams of a shard, its fetch queue included: what was in flight belongs to another history. */
  drop(shard: number): Promise<void>;
  /** Removes one of them. */
  dropCompanion(stream: string): Promise<void>;
  /**
   * Makes a stream again from its snapshot.
   * @param mark becomes part of the stream's identity, so that whoever read the log before notices
   * @throws SpoorError store_unavailable with the server's own reason
   */
  restore(info: SnapshotInfo, chunks: AsyncIterable<Uint8Array>, mark: string): Promise<void>;
  /** Makes the streams that are not there (the fetch queues), and opens the log for everybody. */
  endRestore(): Promise<void>;
}
