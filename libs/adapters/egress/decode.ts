import {
  brotliDecompressSync,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  gunzipSync,
  inflateRawSync,
  inflateSync,
} from 'node:zlib';

export type Coding = 'identity' | 'gzip' | 'br' | 'deflate';

/** A body in a coding that it is not in. */
export class DecodeError extends Error {
  readonly code = 'SPOOR_DECODE';
}

/** Content codings in the order in which they were applied; what is no coding at all (`utf-8`, `none`) counts as identity. */
export function codingsOf(header: string | undefined): Coding[] {
  const codings: Coding[] = [];
  for (const token of (header ?? '').toLowerCase().split(',')) {
    const name = token.trim();
    if (name === 'gzip' || name === 'x-gzip') codings.push('gzip');
    else if (name === 'br') codings.push('br');
    else if (name === 'deflate') codings.push('deflate');
  }
  return codings;
}

export interface Decoded {
  body: Buffer;
  /** The output went over `maxBytes`; `body` is its beginning. */
  truncated: boolean;
}

/** Up to here decoding at once is cheaper than a stream and does not hold up the process noticeably. */
const SYNC_INPUT = 128 * 1024;
const SYNC_OUTPUT = 4 * 1024 * 1024;

/**
 * Undoes one coding, with at most `maxBytes` of output in memory, however much the input would become.
 * @param partial the input was cut by our own cap, so that its end is missing.
 * @throws DecodeError
 */
export async function decode(
  raw: Buffer,
  coding: Coding,
  maxBytes: number,
  partial: boolean,
): Promise<Decoded> {
  if (coding === 'identity') return { body: raw.subarray(0, maxBytes), truncated: raw.length > maxBytes };
  if (raw.length === 0) return { body: raw, truncated: false };
  if (raw.length <= SYNC_INPUT && !partial) {
    const output = decodeSync(raw, coding, Math.min(maxBytes, SYNC_OUTPUT));
    if (output) return { body: output, truncated: false };
  }
  return decodeStream(raw, coding, maxBytes, partial);
}

/** null when the output is longer than `maxBytes`. */
function decodeSync(raw: Buffer, coding: Exclude<Coding, 'identity'>, maxBytes: number): Buffer | null {
  const options = { maxOutputLength: maxBytes };
  try {
    if (coding === 'gzip') return gunzipSync(raw, options);
    if (coding === 'br') return brotliDecompressSync(raw, options);
    return hasZlibHeader(raw) ? inflateSync(raw, options) : inflateRawSync(raw, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return null;
    throw new DecodeError('decode', { cause: error });
  }
}

function decodeStream(
  raw: Buffer,
  coding: Exclude<Coding, 'identity'>,
  maxBytes: number,
  partial: boolean,
): Promise<Decoded> {
  const stream = decoder(raw, coding, partial);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (truncated: boolean) => resolve({ body: Buffer.concat(chunks, size), truncated });
    stream.on('data', (chunk: Buffer) => {
      const room = maxBytes - size;
      chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
      size += Math.min(room, chunk.length);
      if (chunk.length <= room) return;
      stream.destroy();
      finish(true);
    });
    stream.on('end', () => finish(partial));
    stream.on('error', (error) => reject(new DecodeError('decode', { cause: error })));
    stream.end(raw);
  });
}

function decoder(raw: Buffer, coding: Exclude<Coding, 'identity'>, partial: boolean) {
  // With a sync flush an input that ends early gives what it has instead of an error.
  const zlib = partial ? { finishFlush: constants.Z_SYNC_FLUSH } : {};
  if (coding === 'gzip') return createGunzip(zlib);
  if (coding === 'br')
    return createBrotliDecompress(partial ? { finishFlush: constants.BROTLI_OPERATION_FLUSH } : {});
  return hasZlibHeader(raw) ? createInflate(zlib) : createInflateRaw(zlib);
}

/** `deflate` means zlib, but some servers send it raw, which every browser accepts. */
const hasZlibHeader = (raw: Buffer): boolean =>
  (raw[0]! & 0x0f) === 8 && (((raw[0]! << 8) | (raw[1] ?? 0)) % 31 === 0 || raw.length < 2);
