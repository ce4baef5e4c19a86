import {
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import type { ProxyEndpoint } from '#libs/engine/ports';
import type { ProxySpec } from '#libs/events';
import { connectFailure } from '#libs/failures';
import { answerFault, makeFault, transportFault, type ProxyFault } from './proxy-fault.js';

const MAX_HEAD_BYTES = 64 * 1024;
const MAX_BODY_BYTES = 2048;
/** What a proxy adds to its refusal is evidence, not worth a longer wait. */
const BODY_WAIT_MS = 200;

export interface TunnelOptions {
  endpoint: ProxyEndpoint;
  provider: ProxySpec['provider'];
  /** Connection, TLS to the proxy, and its answer, all together. */
  timeoutMs: number;
  /** Resolves the proxy's own name; the system's unless its address must be checked. */
  lookup?: LookupFunction | undefined;
  signal?: AbortSignal | undefined;
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

/** What it takes to speak to the proxy itself. */
export function proxyOptions({ url, headers }: ProxyEndpoint): RequestOptions {
  const { hostname, port, protocol, username, password } = new URL(url);
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  return {
    protocol,
    hostname: bare(hostname),
    port: port || (protocol === 'https:' ? 443 : 80),
    headers: { ...headers, ...(credentials === ':' ? {} : { 'proxy-authorization': authorization }) },
    ...(protocol === 'https:' && !isIP(bare(hostname)) ? { servername: hostname } : {}),
    agent: false,
  };
}

/**
 * Asks the proxy for a way to `host:port` and reads all of its answer. hpagent itself reports only the status of a refusal, or a
 * generic error, which does not tell a wrong password from a used-up account.
 * @throws ProxyFault
 */
export function openTunnel(target: { host: string; port: number }, options: TunnelOptions): Promise<Socket> {
  const { endpoint, provider, timeoutMs, lookup, signal } = options;
  const host = bare(target.host);
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${target.port}`;
  const to = proxyOptions(endpoint);
  return new Promise((resolve, reject) => {
    const asked: ClientRequest = (to.protocol === 'https:' ? httpsRequest : httpRequest)({
      ...to,
      ...(lookup ? { lookup } : {}),
      method: 'CONNECT',
      path: authority,
      setHost: false,
      headers: { host: authority, ...to.headers },
      maxHeaderSize: MAX_HEAD_BYTES,
      // An answer to CONNECT has no body, whatever its headers say of one (RFC 9110, 9.3.6); a strict parser trips over them.
      insecureHTTPParser: true,
    });
    let over = false;
    const settle = (end: () => void): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      end();
    };
    const fail = (fault: ProxyFault): void => settle(() => reject(fault));
    const onAbort = (): void => {
      settle(() => reject(new DOMException('The request was aborted', 'AbortError')));
      asked.destroy();
    };
    const timer = setTimeout(() => {
      fail(makeFault('proxy_connect_timeout', provider));
      asked.destroy();
    }, timeoutMs);
    asked.on('error', (error) => fail(transportFault(error, provider)));
    // Somebody who does not know CONNECT at all.
    asked.once('response', (answer) => {
      answer.destroy();
      fail(makeFault('proxy_invalid_response', provider, answer.statusCode));
    });
    asked.once('connect', (answer, socket: Socket, head) => {
      asked.removeAllListeners('error').on('error', () => undefined);
      if (isGarbled(answer)) {
        socket.destroy();
        return fail(makeFault('proxy_invalid_response', provider, answer.statusCode));
      }
      if (connectFailure(read(answer, '')) === null) {
        // Bytes behind the head belong to the target already.
        if (head.length > 0) socket.unshift(head);
        socket.setTimeout(0);
        return settle(() => resolve(socket));
      }
      void bodyOf(socket, head).then((body) => {
        const whole = read(answer, body);
        fail(answerFault(connectFailure(whole) ?? 'proxy_invalid_response', whole, provider, endpoint.url));
      });
    });
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    asked.end();
  });
}

export const read = ({ statusCode, statusMessage, headers }: IncomingMessage, body: string) => ({
  statusCode: statusCode ?? 0,
  reason: statusMessage ?? '',
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
  body,
});

/** The lenient parser lets control characters through, which no proxy in its right mind sends. */
const isGarbled = ({ rawHeaders }: IncomingMessage): boolean =>
  // eslint-disable-next-line no-control-regex
  rawHeaders.some((text) => /[\u0000-\u0008\u000a-\u001f\u007f]/.test(text));

/** The beginning of a refusal's body; ends the connection. */
function bodyOf(socket: Socket, head: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const chunks = [head];
    let size = head.length;
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString('latin1'));
    };
    const timer = setTimeout(finish, BODY_WAIT_MS);
    socket.on('error', finish).on('end', finish).on('close', finish);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= MAX_BODY_BYTES) finish();
    });
    if (size > 0) finish();
  });
}
