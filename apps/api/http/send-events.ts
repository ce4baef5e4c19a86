import { once } from 'node:events';
import type { Response } from 'express';
import { isUnreadable, type LogEntry } from '#libs/events';
import type { LogBatch } from '#libs/engine/ports';
import { callerOf } from './caller.js';
import type { OpenStreams } from './open-streams.js';

/** One event of a stream, under the id that a client comes back with. */
export const eventFrame = (id: number, event: string, data: unknown): string =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

const frame = (entry: LogEntry): string =>
  eventFrame(entry.seq, isUnreadable(entry) ? 'unreadable' : entry.type, entry);

/** Writes at the client's speed; false when it has gone. */
async function write(response: Response, text: string, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  if (response.write(text)) return true;
  // Rejects when the signal fires: the client has gone, or the server closes.
  await once(response, 'drain', { signal }).catch(() => undefined);
  return !signal.aborted;
}

/** Server-sent events: each event of the log under its sequence, so that a client that reconnects goes on where it was. */
export const sendEvents = (
  response: Response,
  streams: OpenStreams,
  heartbeatMs: number,
  read: (signal: AbortSignal) => AsyncIterable<LogBatch>,
): Promise<void> =>
  sendFrames(response, streams, heartbeatMs, async function* (signal) {
    for await (const { entries } of read(signal)) for (const entry of entries) yield frame(entry);
  });

/**
 * Server-sent events that are written already. Comments keep the connection alive while nothing happens; with each one it is looked
 * whether the key is still one.
 */
export async function sendFrames(
  response: Response,
  streams: OpenStreams,
  heartbeatMs: number,
  frames: (signal: AbortSignal) => AsyncIterable<string>,
): Promise<void> {
  const { signal, done } = streams.signalFor(response);
  response.setHeader('content-type', 'text/event-stream; charset=utf-8');
  response.setHeader('x-accel-buffering', 'no');
  response.flushHeaders();
  if (response.req.method === 'HEAD') return void (response.end(), done());
  response.write('retry: 2000\n\n');
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(': still here\n\n');
    callerOf(response.req)
      ?.isStillKnown()
      .then((is) => is || done(), done);
  }, heartbeatMs);
  try {
    for await (const text of frames(signal)) if (!(await write(response, text, signal))) return;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearInterval(heartbeat);
    done();
    if (!response.destroyed) response.end();
  }
}
