import type { Readable } from 'node:stream';
import { FREE_BYTES } from './body-budget.js';

export interface Collected {
  bytes: Buffer;
  /** There was more than the cap. */
  cut: boolean;
}

export interface CollectOptions {
  maxBytes: number;
  /** Length that the sender has announced, if any. */
  expectedBytes?: number | undefined;
  /** Asked once, when the body turns out to be long; nothing more is read until it resolves. */
  reserve: () => Promise<void>;
}

/**
 * Reads a stream to its end or to the cap, where it is destroyed. A short body is joined at its end; a long one goes into one
 * buffer from the start, so that it is never held twice. Errors of the stream are the caller's.
 */
export function collect(
  stream: Readable,
  { maxBytes, expectedBytes = maxBytes, reserve }: CollectOptions,
  done: (result: Collected) => void,
  fail: (error: Error) => void,
): void {
  let short: Buffer[] = [];
  let long: Buffer | null = null;
  let size = 0;
  let ended = false;
  let waiting = false;

  const put = (chunk: Buffer): void => {
    if (long) chunk.copy(long, size);
    else short.push(chunk);
    size += chunk.length;
  };
  const finish = (cut: boolean): void =>
    done({ bytes: long ? long.subarray(0, size) : Buffer.concat(short, size), cut });
  const goOn = (): void => {
    // Only the pages that are written to become memory.
    long = Buffer.allocUnsafeSlow(Math.max(Math.min(expectedBytes, maxBytes), size));
    let at = 0;
    for (const chunk of short) at += chunk.copy(long, at);
    short = [];
    waiting = false;
    if (ended) finish(false);
    else stream.resume();
  };

  stream.on('data', (chunk: Buffer) => {
    const room = Math.min(maxBytes, long?.length ?? maxBytes) - size;
    put(chunk.length > room ? chunk.subarray(0, room) : chunk);
    if (chunk.length > room) {
      finish(true);
      stream.destroy();
    } else if (long === null && size > FREE_BYTES && !waiting) {
      waiting = true;
      stream.pause();
      reserve().then(goOn, fail);
    }
  });
  stream.once('end', () => {
    ended = true;
    if (!waiting) finish(false);
  });
}
