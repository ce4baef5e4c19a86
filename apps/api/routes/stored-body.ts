import type { ServerResponse } from 'node:http';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import type { BodyRef } from '#libs/events';

/** What a foreign page may do in a browser that shows it all the same: nothing. */
const CSP = "sandbox; default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/** A media type as it may stand in a header; anything else is told as bytes. */
const MEDIA_TYPE = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+(?:\s*;\s*charset=[a-z0-9_.:-]+)?$/i;

/**
 * Sends a stored body, decoded on the way, in constant memory and up to the job's own cap: to be kept, unless a policy of its own says
 * how it may be shown.
 * @param maxBytes decoded
 */
export async function sendBody(
  response: ServerResponse,
  stored: Buffer,
  { encoding, contentType, sha256 }: BodyRef,
  maxBytes: number,
  { csp = CSP, isShown = false }: { csp?: string; isShown?: boolean } = {},
): Promise<void> {
  const type =
    contentType !== null && MEDIA_TYPE.test(contentType) ? contentType : 'application/octet-stream';
  response.setHeader('content-type', type);
  if (!isShown)
    response.setHeader('content-disposition', `attachment; filename="${sha256.slice(0, 16)}.bin"`);
  response.setHeader('content-security-policy', csp);
  response.setHeader('x-content-type-options', 'nosniff');
  if (response.req.method === 'HEAD' || encoding === 'identity') return void response.end(stored);
  await pipeline(Readable.from([stored]), decoder(encoding, stored), upTo(maxBytes), response).catch(() => {
    // The client sees by the torn connection that it has not all of it.
    response.destroy();
  });
}

/** A body that was cut at the job's cap has no proper end, and is decoded as far as it goes. */
function decoder(encoding: Exclude<BodyRef['encoding'], 'identity'>, stored: Buffer): Transform {
  const finishFlush = constants.Z_SYNC_FLUSH;
  switch (encoding) {
    case 'gzip':
      return createGunzip({ finishFlush });
    case 'br':
      return createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH });
    case 'deflate':
      return isZlib(stored) ? createInflate({ finishFlush }) : createInflateRaw({ finishFlush });
  }
}

/** Servers call both forms deflate; only one of them begins with a header (RFC 1950). */
const isZlib = (bytes: Buffer): boolean =>
  bytes.length >= 2 && (bytes[0]! & 15) === 8 && bytes.readUInt16BE(0) % 31 === 0;

/** Ends there, and with it whatever feeds it. */
const upTo = (maxBytes: number) =>
  async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let left = maxBytes;
    for await (const chunk of chunks) {
      yield chunk.subarray(0, left);
      left -= chunk.length;
      if (left <= 0) return;
    }
  };
