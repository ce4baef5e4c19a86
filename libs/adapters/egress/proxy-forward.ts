import { request as httpRequest, type Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type Agent as HttpsAgent } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { RequestFunction } from 'got';
import { forwardFailure, type ProxyFailureCode } from '#libs/failures';
import { problemOf } from './problems.js';
import { answerFault, transportFault } from './proxy-fault.js';
import { proxyOptions, read, type TunnelOptions } from './proxy-tunnel.js';
import type { Agents, Hop } from './way.js';

/**
 * A request without a tunnel, for proxies that have none: its whole URL goes to the proxy, which asks for it. The proxy's own
 * answers are known by their marks alone.
 */
export function forwardHop(
  tunnel: TunnelOptions,
  url: string,
  agents: { http: HttpAgent; https: HttpsAgent },
): Hop {
  const { endpoint, provider, lookup } = tunnel;
  const { agent: _own, headers, ...to } = proxyOptions(endpoint);
  const secure = to.protocol === 'https:';
  const request: RequestFunction = (target, options) => {
    const { host } = new URL(target);
    const sent = (secure ? httpsRequest : httpRequest)({
      ...options,
      ...to,
      ...(lookup ? { lookup } : {}),
      host: to.hostname,
      path: url.split('#')[0],
      headers: { ...options.headers, host, ...headers },
      agent: secure ? agents.https : agents.http,
    });
    return sent;
  };
  return {
    agents: agents satisfies Agents,
    request,
    inspect: (head: IncomingMessage) => {
      const answer = read(head, '');
      const code: ProxyFailureCode | null = forwardFailure(answer, provider);
      if (code !== null) throw answerFault(code, answer, provider, endpoint.url);
    },
    explain: (error: unknown) =>
      NEVER_CONNECTED.has(problemOf(error).code) ? transportFault(error, provider) : null,
  };
}

/** Without a tunnel these can only have happened on the way to the proxy. */
const NEVER_CONNECTED = new Set<string>([
  'dns_error',
  'connection_refused',
  'host_unreachable',
  'connect_timeout',
  'tls_error',
  'invalid_response',
  'blocked_address',
]);

/** A connection to the proxy, to see that it can be had. @throws ProxyFault */
export function reachProxy({ endpoint, provider, timeoutMs, lookup }: TunnelOptions): Promise<Socket> {
  const { hostname, port } = proxyOptions(endpoint);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      socket.destroy();
      reject(transportFault(error, provider));
    };
    const socket = connect({ host: hostname ?? '', port: Number(port), ...(lookup ? { lookup } : {}) });
    socket.setTimeout(timeoutMs, () => fail(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    socket.once('error', fail).once('connect', () => resolve(socket));
  });
}
