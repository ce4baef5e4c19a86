import type { EventLog, LogHead, Position } from '#libs/engine/ports';

/** Why a fold that stands at `found` does not fit the log; null when it goes on from there. */
export async function checkpointMismatch(
  eventLog: Pick<EventLog, 'eventIdAt'>,
  shard: number,
  found: Position,
  head: Pick<LogHead, 'stream' | 'lastSeq'>,
): Promise<'replaced' | 'shortened' | 'elsewhere' | null> {
  if (found.stream !== head.stream) return 'replaced';
  if (found.seq > head.lastSeq) return 'shortened';
  if (found.seq === 0 || found.eventId === null) return null;
  // Not there any more is no mismatch: the event of a removed job may be purged.
  const id = await eventLog.eventIdAt(shard, found.seq);
  return id === null || id === found.eventId ? null : 'elsewhere';
}
