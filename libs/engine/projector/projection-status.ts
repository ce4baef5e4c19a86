import type { EventLog, ParkedJob, ProjectionStore } from '../ports/index.js';

/** How far the read models of a shard are, and what waits. */
export interface ProjectionStatus {
  projection: 'read-models';
  shard: number;
  /** Sequence up to which events are in; 0: none. */
  seq: number;
  lastSeq: number;
  /** Events of the log that are not in yet. */
  lag: number;
  parked: ParkedJob[];
}

/** @throws SpoorError store_unavailable */
export async function projectionStatus(
  eventLog: Pick<EventLog, 'head'>,
  store: Pick<ProjectionStore, 'checkpoint' | 'parked'>,
  shard: number,
): Promise<ProjectionStatus> {
  const seq = (await store.checkpoint(shard))?.seq ?? 0;
  const { lastSeq } = await eventLog.head(shard);
  const parked = await store.parked(shard);
  return { projection: 'read-models', shard, seq, lastSeq, lag: Math.max(0, lastSeq - seq), parked };
}
