import type { Allowance, EventLog, LogInspection, Room } from '#libs/engine/ports';
import { fullest, isFull } from '../health/index.js';

interface Stores {
  eventLog: Pick<EventLog, 'head'>;
  room: Room;
  inspection?: Pick<LogInspection, 'allowances'> | undefined;
}

/** What a shard writes to and has nearly no room left, as people call it; null while there is room. */
export async function whatIsFull(
  stores: Stores,
  shard: number,
  minFreeBytes: number,
): Promise<string | null> {
  const free = await stores.room.freeBytes();
  if (free !== null && free < minFreeBytes) return 'The disk under SPOOR_HOME';
  const most = fullest(await allowances(stores, shard));
  if (!most || !isFull(most)) return null;
  return most.name === 'account' ? 'The NATS account of the event log' : 'The event log';
}

/** Streams and the account have limits of their own, and whichever is reached first refuses every write. */
async function allowances({ inspection, eventLog }: Stores, shard: number): Promise<Allowance[]> {
  if (inspection) return inspection.allowances(shard);
  const { stream, bytes, maxBytes } = await eventLog.head(shard);
  return maxBytes === null ? [] : [{ name: `stream ${stream}`, used: bytes, limit: maxBytes, unit: 'bytes' }];
}
