import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { raw, type NextFunction, type Request, type Response } from 'express';
import { RequestRefused } from './request-refused.js';

const MAX_DEPTH = 64;
/** Room for a hundred URLs, however they are escaped. */
const STRANGER_BYTES = 2 * 1024 * 1024;
const [QUOTE, BACKSLASH, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [34, 92, 91, 93, 123, 125];

/** Whether brackets nest deeper than any job spec does; looked at before parsing, which would pay for every level. */
export function isTooDeep(json: Uint8Array, max = MAX_DEPTH): boolean {
  let depth = 0;
  let isInString = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (isInString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) isInString = false;
    } else if (byte === QUOTE) isInString = true;
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      if (++depth > max) return true;
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth--;
  }
  return false;
}

const digests = new WeakMap<IncomingMessage, string>();

/** SHA-256 of the body as it came; only for requests with an Idempotency-Key. */
export const bodyDigest = (request: IncomingMessage): string => digests.get(request) ?? '';

/** Bodies come as bytes first, so that their depth is known before they are parsed. */
export function useJsonBodies(app: NestExpressApplication, limitBytes: number): void {
  // The only routes whose bodies are read before it is known who sends them.
  app.use('/api/v1', raw({ limit: Math.min(limitBytes, STRANGER_BYTES), type: 'application/json' }));
  app.useBodyParser('raw', { limit: limitBytes, type: 'application/json' });
  app.use((request: Request, _response: Response, next: NextFunction) => {
    const body: unknown = request.body;
    if (Buffer.isBuffer(body)) request.body = parseJson(request, body);
    next();
  });
}

function parseJson(request: Request, body: Buffer): unknown {
  if (isTooDeep(body)) {
    const message = `The body nests deeper than ${MAX_DEPTH} levels.`;
    throw new RequestRefused(400, 'body', message, 'Make it flatter.');
  }
  if (request.headers['idempotency-key'] !== undefined) {
    digests.set(request, createHash('sha256').update(body).digest('hex'));
  }
  try {
    return body.length === 0 ? {} : JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new RequestRefused(
      400,
      'body',
      'The body is not valid JSON in UTF-8.',
      'Check quotes, commas and brackets.',
    );
  }
}
