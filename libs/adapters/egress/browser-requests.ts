import {
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { join, type PageMeter } from './browser-connection.js';
import { byName, passedOn } from './browser-headers.js';
import { CapError } from './browser-refusals.js';
import type { AddressGuard } from './guard.js';
import { BlockedAddressError, targetOf } from './guard.js';
import { problemOf } from './problems.js';
import type { Hop, Way } from './way.js';

/** What serving one request of a browser takes. */
export interface Serving {
  guard: AddressGuard;
  way: Way;
  meter: PageMeter;
  signal: AbortSignal;
  /** Asked once, with what went wrong. */
  refuse(url: string, error: unknown): void;
}

/** Judged before anything is asked for: names when they are resolved. @throws BlockedAddressError */
export function admit(url: string, guard: AddressGuard): void {
  const { hostname, port } = targetOf(url);
  if (!guard.admitsHost(hostname, port)) throw new BlockedAddressError();
}

/** A CONNECT: TLS to a site, or a WebSocket. */
export async function serveTunnel(url: string, browser: Duplex, head: Buffer, by: Serving): Promise<void> {
  const { way, guard, meter, signal } = by;
  let outside: Socket;
  try {
    admit(url, guard);
    outside = await way.connect(url);
  } catch (error) {
    by.refuse(url, error);
    return void browser.end('HTTP/1.1 502 Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  }
  if (browser.destroyed || signal.aborted) return void outside.destroy();
  browser.write('HTTP/1.1 200 Connection established\r\n\r\n');
  if (head.length > 0) outside.write(head);
  const unwatch = way.watch((fault) => {
    by.refuse(url, fault);
    outside.destroy();
  });
  join(browser, outside, meter, {
    onFirstByte: unwatch,
    onEnd: (error, answered) => {
      unwatch();
      if (error instanceof CapError) return by.refuse(url, error);
      // A way that was cut before a word came through it may have been cut by the proxy.
      if (error && !answered)
        void way.faultBehind(error, signal).then((fault) => fault && by.refuse(url, fault));
    },
  });
}

/** A plain request. Nothing is answered in the site's place: a browser would take it for the page. */
export async function serveRequest(
  url: string,
  asked: IncomingMessage,
  response: ServerResponse,
  by: Serving,
): Promise<void> {
  const { way, signal } = by;
  let unwatch = (): void => undefined;
  try {
    admit(url, by.guard);
    const hop = await way.hop(url);
    const gone = new Promise<never>((_, reject) => {
      unwatch = way.watch(reject);
      response.once('close', () => reject(new Gone()));
    });
    gone.catch(() => undefined);
    const head = await answerOf(url, asked, hop, by, gone);
    unwatch();
    hop.inspect?.(head);
    pass(url, head, response, by);
  } catch (error) {
    unwatch();
    if (!(error instanceof Gone) && !signal.aborted)
      by.refuse(url, (await way.faultBehind(error, signal)) ?? error);
    response.destroy();
  }
}

/** The browser has lost interest. */
class Gone extends Error {}

/** A kept connection that the server closed as we wrote is no answer: a request without a body is sent once more. */
async function answerOf(
  url: string,
  asked: IncomingMessage,
  hop: Hop,
  by: Serving,
  gone: Promise<never>,
): Promise<IncomingMessage> {
  for (let again = asked.method === 'GET' || asked.method === 'HEAD'; ; again = false) {
    const sent = send(url, asked, hop, by.meter);
    const answered = new Promise<IncomingMessage>((resolve, reject) =>
      sent.once('response', resolve).on('error', reject),
    );
    try {
      return await Promise.race([answered, gone]);
    } catch (error) {
      sent.destroy();
      const stale = sent.reusedSocket && problemOf(error).code === 'connection_reset';
      if (!again || !stale || error instanceof Gone) throw error;
    }
  }
}

function send(url: string, asked: IncomingMessage, hop: Hop, { limits }: PageMeter): ClientRequest {
  const { host } = new URL(url);
  const { Host: _, host: __, ...headers } = byName(passedOn(asked.rawHeaders));
  const options = {
    method: asked.method ?? 'GET',
    headers: { Host: host, ...headers },
    agent: hop.agents.http,
    setHost: false,
    maxHeaderSize: 64 * 1024,
  };
  const made = hop.request
    ? hop.request(new URL(url), { ...options, headers })
    : httpRequest(new URL(url), options);
  const sent = made as ClientRequest;
  sent.setTimeout(limits.idleMs, () => sent.destroy(new CapError('nothing moved on a connection')));
  sent.once('socket', (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(
      () => sent.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })),
      limits.connectTimeoutMs,
    );
    socket.once('connect', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
  });
  asked.pipe(sent);
  return sent;
}

function pass(url: string, head: IncomingMessage, response: ServerResponse, by: Serving): void {
  const cut = (error: Error): void => {
    by.refuse(url, error);
    head.destroy();
    response.destroy();
  };
  head.once('error', () => response.destroy());
  head.once('aborted', () => response.destroy());
  response.once('close', () => head.destroy());
  // Throws for what Node would not write, such as control characters.
  response.writeHead(head.statusCode ?? 502, head.statusMessage, passedOn(head.rawHeaders));
  by.meter.watch(head, cut);
  head.pipe(response);
}
