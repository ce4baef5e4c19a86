import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import got from 'got';
import type { AddressGuard } from './guard.js';
import { targetOf } from './guard.js';
import { retryAfterMs } from './head.js';
import { problemOf, problems, type Problem } from './problems.js';
import type { Agents } from './way.js';

export interface PostRequest {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** Of the whole exchange, ms. */
  timeoutMs: number;
  signal: AbortSignal;
}

/** The status of the answer and the wait that it asks for; of its body nothing is read. Redirects are answers like any other. */
export type PostOutcome =
  { ok: true; statusCode: number; retryAfterMs: number | null } | ({ ok: false } & Problem);

/** One POST through the guard: the address is judged where the socket is made, and nothing is followed. */
export async function post(request: PostRequest, guard: AddressGuard, agents: Agents): Promise<PostOutcome> {
  const { hostname, port } = targetOf(request.url);
  if (!guard.admitsHost(hostname, port)) return { ok: false, ...problems.blocked };
  const stream = got.stream.post(request.url, {
    agent: agents,
    body: request.body,
    decompress: false,
    followRedirect: false,
    headers: request.headers,
    retry: { limit: 0 },
    throwHttpErrors: false,
  });
  const ended = new AbortController();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    ended.abort();
  }, request.timeoutMs);
  const stop = (): void => ended.abort();
  request.signal.addEventListener('abort', stop);
  if (request.signal.aborted) stop();
  try {
    const [head] = (await once(stream, 'response', { signal: ended.signal })) as [IncomingMessage];
    const retryAfter = retryAfterMs(head.headers['retry-after'], Date.now());
    return { ok: true, statusCode: head.statusCode ?? 0, retryAfterMs: retryAfter };
  } catch (error) {
    request.signal.throwIfAborted();
    return { ok: false, ...(isLate ? problems.timeout(request.timeoutMs) : problemOf(error)) };
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener('abort', stop);
    // Errors that come after the answer are nobody's.
    stream.on('error', () => undefined);
    stream.destroy();
  }
}
