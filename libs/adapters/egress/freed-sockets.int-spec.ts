import type { LookupAddress } from 'node:dns';
import type { Socket } from 'node:net';
import { until } from '#libs/testing';
import { createEgress } from './index.js';
import { rawServer, request } from './test-support.js';

const UPGRADE = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
const again = (socket: Socket, text: string): void => {
  const timer = setInterval(() => socket.write(text), 5);
  socket.on('close', () => clearInterval(timer));
};

/** The server never ends the connection itself, so each of these is open until the client closes it. */
const states: [string, (socket: Socket) => void][] = [
  ['says nothing', () => undefined],
  ['switches protocols', (s) => void s.write(UPGRADE)],
  ['switches protocols and talks on', (s) => (s.write(UPGRADE), again(s, 'hello'))],
  ['switches protocols without saying to which', (s) => void s.write('HTTP/1.1 101 Switching\r\n\r\n')],
  [
    'switches protocols after a hint',
    (s) => void s.write(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${UPGRADE}`),
  ],
  ['says 100 for ever', (s) => again(s, 'HTTP/1.1 100 Continue\r\n\r\n')],
  ['says 103 for ever', (s) => again(s, 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')],
  ['drips a status line', (s) => (s.write('HTTP/1.1 200 '), again(s, 'O'))],
  ['drips headers', (s) => (s.write('HTTP/1.1 200 OK\r\n'), again(s, 'X-A: b\r\n'))],
  [
    'drips a chunk size',
    (s) => (s.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'), again(s, '0')),
  ],
  [
    'drips trailers',
    (s) => (s.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n'), again(s, 'X: y\r\n')),
  ],
  ['drips a body', (s) => (s.write('HTTP/1.1 200 OK\r\n\r\n'), again(s, 'x'))],
  ['stops in a body', (s) => void s.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx')],
  [
    'stops in a coded body',
    (s) => void s.write('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n\x1f'),
  ],
  [
    'stops in a redirect',
    (s) => void s.write('HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 9\r\n\r\nx'),
  ],
  ['drips a redirect', (s) => (s.write('HTTP/1.1 302 Found\r\nLocation: ftp://x/\r\n\r\n'), again(s, 'x'))],
  ['is not HTTP', (s) => again(s, '220 mail.test ESMTP\r\n')],
];

describe('after a fetch no connection is left in an odd state', () => {
  it.each(states)('the server %s', async (_, talk) => {
    const egress = createEgress({ allowPrivate: ['127.0.0.1'] });
    const server = await rawServer(talk);
    const outcome = await egress.fetch(request(`${server.origin}/`, { timeoutMs: 300 }));
    expect(outcome.ok).toBe(false);
    expect(server.accepted()).toBeGreaterThan(0);
    // By the server's own count; the egress is still in use.
    await until(() => server.open() === 0, { timeoutMs: 5000, what: 'the connection to be closed' });
    egress.close();
    await server.close();
  });

  it.each(states.slice(0, 2))('the server of a TLS connection %s', async (_, talk) => {
    const egress = createEgress({ allowPrivate: ['127.0.0.1'] });
    const server = await rawServer(talk);
    const url = `https://127.0.0.1:${server.port}/`;
    expect((await egress.fetch(request(url, { timeoutMs: 300 }))).ok).toBe(false);
    await until(() => server.open() === 0, { timeoutMs: 5000, what: 'the connection to be closed' });
    egress.close();
    await server.close();
  });

  it('a name that resolves after the deadline is not connected to', async () => {
    let answer: (addresses: LookupAddress[]) => void = () => undefined;
    const resolve = () => new Promise<LookupAddress[]>((done) => (answer = done));
    const egress = createEgress({ allowPrivate: ['*'], resolve });
    const server = await rawServer(() => undefined);
    const url = `http://late.test:${server.port}/`;
    expect(await egress.fetch(request(url, { timeoutMs: 100 }))).toMatchObject({ code: 'timeout' });
    answer([{ address: '127.0.0.1', family: 4 }]);
    // A connection of anybody else that begins later is there, so one that began earlier would be, too.
    const other = createEgress({ allowPrivate: ['127.0.0.1'] });
    await other.fetch(request(`${server.origin}/`, { timeoutMs: 100 }));
    expect(server.accepted()).toBe(1);
    await until(() => server.open() === 0, { timeoutMs: 5000, what: 'the connection to be closed' });
    egress.close();
    other.close();
    await server.close();
  });
});
