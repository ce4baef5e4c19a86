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

import { FREE_BYTES } from './body-budget.js';
import { collect } from './collect.js';

export type Coding = 'identity' | 'gzip' | 'br' | 'deflate';

/** A body in a coding that it is not in. */
export class DecodeError extends Error {
  readonly code = 'SPOOR_DECODE';
}

/**
 * Content codings in the order in which they were applied; what is no coding at all (`utf-8`, `none`) counts as identity.
 * @throws DecodeError when there are more than anybody needs.
 */
export function codingsOf(header: string | undefined): Coding[] {
  const codings: Coding[] = [];
  for (const token of (header ?? '').toLowerCase().split(',')) {
    const name = token.trim();
    if (name === 'gzip' || name === 'x-gzip') codings.push('gzip');
    else if (name === 'br') codings.push('br');
    else if (name === 'deflate') codings.push('deflate');
  }
  if (codings.length > MAX_CODINGS) throw new DecodeError('too many codings');
  return codings;
}

export interface Decoded {
  body: Buffer;
  /** The output went over `maxBytes`; `body` is its beginning. */
  truncated: boolean;
}

/** Up to here decoding at once is cheaper than a stream and does not hold up the process noticeably. */
const SYNC_INPUT = 128 * 1024;
const SYNC_OUTPUT = FREE_BYTES;
/** Codings on top of each other that are undone; more of them serve nobody but an attacker. */
const MAX_CODINGS = 5;
/** Bytes that a decoder gives at a time. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Undoes one coding, with at most `maxBytes` of output in memory, however much the input would become.
 * @param partial the input was cut by our own cap, so that its end is missing.
 * @param reserve asked before anything is decoded that may become long.
 * @throws DecodeError
 */
export async function decode(
  raw: Buffer,
  coding: Coding,
  maxBytes: number,
  partial: boolean,
  reserve: () => Promise<void>,
): Promise<Decoded> {
  if (coding === 'identity') return { body: raw.subarray(0, maxBytes), truncated: raw.length > maxBytes };
  if (raw.length === 0) return { body: raw, truncated: false };
  if (raw.length <= SYNC_INPUT && !partial) {
    const output = decodeSync(raw, coding, Math.min(maxBytes, SYNC_OUTPUT));
    if (output) return { body: output, truncated: false };
  }
  // Before the decoder exists: that alone may take 16 MB.
  await reserve();
  return decodeStream(raw, coding, maxBytes, partial);
}

/** null when the output is longer than `maxBytes`. */
function decodeSync(raw: Buffer, coding: Exclude<Coding, 'identity'>, maxBytes: number): Buffer | null {
  const options = { maxOutputLength: maxBytes, chunkSize: CHUNK_BYTES };
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
    stream.on('error', (error) => reject(new DecodeError('decode', { cause: error })));
    const options = { maxBytes, reserve: async () => undefined };
    collect(stream, options, ({ bytes, cut }) => resolve({ body: bytes, truncated: cut || partial }), reject);
    stream.end(raw);
  });
}

function decoder(raw: Buffer, coding: Exclude<Coding, 'identity'>, partial: boolean) {
  // With a sync flush an input that ends early gives what it has instead of an error.
  const zlib = { chunkSize: CHUNK_BYTES, ...(partial ? { finishFlush: constants.Z_SYNC_FLUSH } : {}) };
  if (coding === 'gzip') return createGunzip(zlib);
  if (coding === 'br')
    return createBrotliDecompress({
      chunkSize: CHUNK_BYTES,
      ...(partial ? { finishFlush: constants.BROTLI_OPERATION_FLUSH } : {}),
    });
  return hasZlibHeader(raw) ? createInflate(zlib) : createInflateRaw(zlib);
}

/** `deflate` means zlib, but some servers send it raw, which every browser accepts. */
const hasZlibHeader = (raw: Buffer): boolean =>
  (raw[0]! & 0x0f) === 8 && (((raw[0]! << 8) | (raw[1] ?? 0)) % 31 === 0 || raw.length < 2);
