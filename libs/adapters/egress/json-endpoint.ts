import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import got from 'got';
import type { JsonEndpoint } from '#libs/engine/ports';

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * POSTs to one URL that the operator has named, so its address is not checked. Agents of its own: no socket of it is ever used for
 * anything that a page or a caller names.
 */
export function createJsonEndpoint(url: string): JsonEndpoint & { close(): void } {
  const agent = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
  return {
    call: (body, signal) => post(url, body, agent, signal),
    close: () => {
      agent.http.destroy();
      agent.https.destroy();
    },
  };
}

async function post(
  url: string,
  body: unknown,
  agent: { http: HttpAgent; https: HttpsAgent },
  signal: AbortSignal,
): Promise<unknown> {
  const request = got.post(url, {
    ...{ json: body, agent, signal, followRedirect: false, retry: { limit: 0 } },
    timeout: { request: TIMEOUT_MS },
  });
  void request.on('downloadProgress', ({ transferred }) => {
    if (transferred > MAX_BYTES) request.cancel();
  });
  try {
    return JSON.parse((await request).body);
  } catch (error) {
    // The URL may hold a key of the operator's: the library's text, which names it, is for nobody's eyes.
    throw new Error('the endpoint did not answer', { cause: error });
  }
}
