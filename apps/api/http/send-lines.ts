import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import type { OpenStreams } from './open-streams.js';

const CHUNK_CHARS = 64 * 1024;

async function* chunks(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = '';
  for await (const line of lines) {
    chunk += line;
    if (chunk.length < CHUNK_CHARS) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

/**
 * Streams text at the speed of the client, in constant memory. What fails before the first bytes is thrown and becomes a
 * proper error answer; later the connection is cut, so that nobody takes a part for the whole.
 */
export async function sendLines(
  response: Response,
  streams: OpenStreams,
  contentType: string,
  make: (signal: AbortSignal) => AsyncIterable<string>,
): Promise<void> {
  const { signal, done } = streams.signalFor(response);
  let failure: unknown;
  try {
    const source = chunks(make(signal));
    const isHead = response.req.method === 'HEAD';
    const first = isHead ? ({ done: true } as const) : await source.next();
    response.setHeader('content-type', contentType);
    if (first.done === true) return void response.end();
    const all = async function* (): AsyncGenerator<string> {
      yield first.value;
      try {
        yield* source;
      } catch (error) {
        if (!signal.aborted) failure = error;
        throw error;
      }
    };
    await pipeline(Readable.from(all(), { highWaterMark: 1 }), response, { signal });
  } catch (error) {
    if (!signal.aborted || failure !== undefined) throw error;
    response.destroy();
  } finally {
    done();
  }
}
