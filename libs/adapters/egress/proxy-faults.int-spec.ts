import { existsSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { failures } from '#libs/failures';
import { createEgress } from './index.js';
import { httpServer, oneProxy, rawServer, request, route, type TestServer } from './test-support.js';

interface Case {
  id: string;
  kind: string;
  name: string;
  mode: 'CONNECT' | 'plain';
  response: {
    status?: number;
    reason?: string;
    version?: string;
    headers?: Record<string, string>;
    body?: string;
    raw?: string;
    close?: 'fin' | 'rst';
    nxdomain?: boolean;
    kill_after?: number;
    delay_ms?: number;
  };
  expect: { job: string; event: string; proxy_class?: string };
}

const FILE = '../shared/conformance/proxy_faults.json';
const cases: Case[] = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as { cases: Case[] }).cases
  : [];
if (cases.length === 0) console.info(`skipped: no conformance cases at ${FILE}`);

/** Their classes in our codes; what a class of the target's fault is called may differ, that it is the target's may not. */
const TARGET = ['proxy_restricted_target', 'proxy_target_unreachable', 'connection_reset'];
const CODES: Record<string, string[]> = {
  auth: ['proxy_auth'],
  quota: ['proxy_traffic_limit', 'proxy_rate_limit'],
  config: ['proxy_config'],
  provider: ['proxy_internal'],
  gateway: ['proxy_bad_gateway', 'proxy_invalid_response', 'proxy_reset'],
  timeout: ['proxy_timeout'],
  no_exit: ['proxy_no_exit'],
  connection: ['proxy_refused', 'proxy_reset', 'proxy_dns_error', 'proxy_connect_timeout'],
  restricted_target: TARGET,
  target_unreachable: TARGET,
  target_error: TARGET,
};

function bytesOf({ raw, status, reason, version, headers = {}, body = '' }: Case['response']): Buffer {
  if (raw !== undefined) return Buffer.from(raw, 'latin1');
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${version} ${status} ${reason}\r\n${lines.join('')}\r\n${body}`, 'latin1');
}

/** The proxy of a case. Where it opens the way, it plays the target as well. */
function play(socket: Socket, { response, mode }: Case): void {
  if (response.delay_ms !== undefined) return;
  if (response.close === 'fin') socket.end();
  else if (response.close === 'rst') socket.resetAndDestroy();
  else if (mode === 'CONNECT' && response.status === 200) {
    socket.write(bytesOf(response));
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  } else socket.end(bytesOf(response));
}

(cases.length > 0 ? describe : describe.skip)('proxy faults', () => {
  let target: TestServer;
  beforeAll(async () => {
    target = await httpServer((_, response) => response.end('direct'));
  });
  afterAll(() => target.close());

  const rows = cases.map((one) => [`${one.id} ${one.kind}: ${one.name} (${one.mode})`, one] as const);
  // A file without any test is an error to jest.
  if (rows.length === 0) it('has external cases', () => undefined);
  for (const [name, one] of rows)
    it(name, async () => {
      const proxy = await rawServer((socket) => play(socket, one));
      const { response, expect: wanted, kind, mode } = one;
      if (response.kill_after !== undefined) await proxy.close();
      const at = response.nxdomain ? 'no-such-proxy.invalid:8080' : `127.0.0.1:${proxy.port}`;
      const egress = createEgress({
        allowPrivate: ['*'],
        proxies: oneProxy(`http://user:canary-password@${at}`),
      });
      try {
        const outcome = await egress.fetch(
          request(`${target.origin}/page`, {
            proxy: route({
              provider: kind === 'oxylabs' ? 'oxylabs' : 'generic',
              httpMode: mode === 'plain' ? 'forward' : 'connect',
              connectTimeoutMs: 500,
            }),
          }),
        );
        const stops = !outcome.ok && failures[outcome.code].stopsJob;
        expect({ event: stops ? 'ProxyFailed' : 'page', outcome }).toMatchObject({
          event: wanted.event === 'ProxyFailed' ? 'ProxyFailed' : stops ? wanted.event : 'page',
        });
        if (!outcome.ok && wanted.proxy_class) expect(CODES[wanted.proxy_class]).toContain(outcome.code);
        expect(JSON.stringify(outcome)).not.toContain('canary-password');
        expect(target.accepted()).toBe(0);
      } finally {
        egress.close();
        await proxy.close();
      }
    });
});
