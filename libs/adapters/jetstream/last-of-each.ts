import type { LogConnection } from './connection.js';
import { ApiError, toSpoorError, unavailable } from './errors.js';
import { pause } from './reader.js';
import { ConsumerSession, type RawMessage } from './session.js';

/**
 * The last message of each subject of a filter, by sequence. Begun anew when the connection breaks: what was the last may not be
 * any more.
 *
 * @throws SpoorError store_unavailable
 */
export async function lastOfEachSubject(
  connection: LogConnection,
  stream: string,
  filter: string,
): Promise<RawMessage[]> {
  const deadline = performance.now() + connection.timeoutMs;
  while (performance.now() < deadline) {
    let session: ConsumerSession | null = null;
    try {
      session = await ConsumerSession.open(connection, { stream, filter, from: 'last_per_subject' });
      const found: RawMessage[] = [];
      while (!session.drained && !session.broken && performance.now() < deadline)
        found.push(...(await session.take(1000, { waitMs: 1000 })));
      if (session.drained) return found;
    } catch (error) {
      if (!(error instanceof ApiError) || error.isStreamMissing) throw toSpoorError(error);
    } finally {
      session?.close();
    }
    await pause(50);
  }
  throw unavailable('NATS does not answer');
}
