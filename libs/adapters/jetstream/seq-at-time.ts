import { subjects } from '#libs/events';
import type { LogConnection } from './connection.js';
import { leaderMessage } from './stored.js';
import { streamInfo } from './streams.js';

/**
 * By halves: about 25 small questions for any length of log, on any version of the server, where reading up to the moment would
 * read everything before it. Purged sequences are stepped over.
 */
export async function seqAtTime(connection: LogConnection, shard: number, time: number): Promise<number> {
  const stream = subjects.eventStream(shard);
  const { state } = await streamInfo(connection, stream);
  let low = Math.max(1, state.first_seq);
  let high = state.last_seq + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const query = { seq: middle, next_by_subj: subjects.allEvents(shard) };
    const found = await leaderMessage(connection, stream, query);
    if (found === null || found.storedAt >= time) high = middle;
    else low = found.seq + 1;
  }
  return low;
}
