import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { BrowserEgress, BrowserEgresses, BrowserEgressOptions, EgressRefusal } from '#libs/engine/ports';
import { until } from '#libs/testing';
import { authorization, CONNECT, GET, headEnded, say } from './browser-test-support.js';
import { createBrowserEgresses, type EgressOptions } from './index.js';
import { httpServer, rawServer, type TestServer } from './test-support.js';

describe('the way out of a browser', () => {
  let egresses: BrowserEgresses | undefined;
  let egress: BrowserEgress | undefined;
  let site: TestServer;
  let asked: IncomingMessage[];

  const open = async (of: BrowserEgressOptions = {}, options: EgressOptions = {}): Promise<BrowserEgress> => {
    egresses = createBrowserEgresses(options);
    return (egress = await egresses.open(of));
  };
  const refusalFor = (url: string): Promise<EgressRefusal> =>
    until(() => egress!.refusalOf(url) ?? undefined, { what: 'the refusal' });

  beforeEach(async () => {
    asked = [];
    site = await httpServer((request, response) => {
      asked.push(request);
      if (request.url === '/silent') return;
      if (request.url === '/long') return void response.end(Buffer.alloc(400_000));
      response.writeHead(200, { 'X-Twice': ['1', '2'], 'Proxy-Authenticate': 'Basic' }).end('page');
    });
  });
  afterEach(async () => {
    await egress?.close();
    await egresses?.close();
    await site.close();
    egress = egresses = undefined;
  });

  it('serves plain requests and tunnels with its credentials', async () => {
    const own = await open({ allowPrivate: [`127.0.0.1:${site.port}`] });
    const plain = await GET(own, `${site.origin}/a?b=c`, 'Accept-Language: de\r\n');
    expect(plain.text).toMatch(/^HTTP\/1.1 200 OK\r\n(.*\r\n)*X-Twice: 1\r\nX-Twice: 2\r\n/);
    expect(plain.text).toContain('page');
    expect(plain.text).not.toContain('Proxy-Authenticate');
    expect(asked[0]).toMatchObject({
      url: '/a?b=c',
      headers: { host: `127.0.0.1:${site.port}`, 'accept-language': 'de' },
    });
    expect(asked[0]!.headers).not.toHaveProperty('proxy-authorization');

    const { socket, text } = await CONNECT(own, `127.0.0.1:${site.port}`);
    expect(text).toMatch(/^HTTP\/1.1 200 /);
    socket.write('GET /inside HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await until(() => asked.length === 2 || undefined, { what: 'the request in the tunnel' });
    expect(asked[1]!.url).toBe('/inside');
    expect([own.refusals(), own.proxyProblem()]).toEqual([[], null]);
    expect(own.receivedBytes()).toBeGreaterThan(100);
    own.forget();
    expect(own.receivedBytes()).toBe(0);
  });

  it.each([
    ['none', ''],
    ['others', `Proxy-Authorization: Basic ${Buffer.from('browser:x').toString('base64')}\r\n`],
  ])('serves nobody with %s', async (_, header) => {
    const own = await open({ allowPrivate: ['*'] });
    for (const first of [`CONNECT 127.0.0.1:${site.port}`, `GET ${site.origin}/`])
      expect((await say(own, `${first} HTTP/1.1\r\nHost: x\r\n${header}\r\n`, headEnded)).text).toMatch(
        /^HTTP\/1.1 407 (.*\r\n)*proxy-authenticate: Basic/i,
      );
    const upgrade = `GET ${site.origin}/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
    expect((await say(own, `${upgrade}${header}\r\n`, headEnded)).text).toMatch(/^HTTP\/1.1 407 /);
    expect(site.accepted()).toBe(0);
  });

  it('listens on the loopback address alone, and has other credentials each time', async () => {
    const own = await open();
    const other = await egresses!.open();
    expect(own.server).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(own.password).toHaveLength(32);
    expect(own.password).not.toBe(other.password);
    await other.close();
  });

  it('is no server of its own', async () => {
    const own = await open();
    const known = `Proxy-Authorization: ${authorization(own)}\r\n\r\n`;
    for (const line of ['GET /', 'GET https://a.test/', 'GET ftp://a.test/', 'CONNECT a.test', 'CONNECT /'])
      expect((await say(own, `${line} HTTP/1.1\r\nHost: x\r\n${known}`, headEnded)).text).toMatch(
        /^HTTP\/1.1 400 /,
      );
  });

  it('refuses what is private in any spelling, tells nobody more, and connects to nothing', async () => {
    const own = await open();
    const spellings = ['127.0.0.1', '0x7f.1', '2130706433', 'localhost', '[::1]', '[::ffff:127.0.0.1]'];
    for (const host of spellings) {
      const { text } = await CONNECT(own, `${host}:${site.port}`);
      expect(text).toBe('HTTP/1.1 502 Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      expect(own.refusalOf(`https://${host}:${site.port}/`)).toMatchObject({ kind: 'blocked' });
      own.forget();
      expect((await GET(own, `http://${host}:${site.port}/`)).text).toBe('');
      expect(own.refusalOf(`http://${host}:${site.port}/x`)).toMatchObject({ kind: 'blocked' });
      own.forget();
    }
    expect(site.accepted()).toBe(0);
  });

  it('connects to the address that it has checked, and checks each connection again', async () => {
    let lookups = 0;
    const resolve = async () => [{ address: lookups++ === 0 ? '127.0.0.1' : '127.0.0.3', family: 4 }];
    const own = await open({ allowPrivate: [`127.0.0.1:${site.port}`] }, { resolve });
    expect((await CONNECT(own, `rebind.test:${site.port}`)).text).toMatch(/ 200 /);
    expect(lookups).toBe(1);
    expect((await CONNECT(own, `rebind.test:${site.port}`)).text).toMatch(/ 502 /);
    expect(own.refusals()).toMatchObject([{ target: `rebind.test:${site.port}`, kind: 'blocked' }]);
    expect(site.accepted()).toBe(1);
  });

  it('tells a name that does not resolve from a port where nobody listens', async () => {
    const resolve = async (name: string) => {
      if (name === 'site.test') return [{ address: '127.0.0.1', family: 4 }];
      throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
    };
    const own = await open({ allowPrivate: ['*'] }, { resolve });
    const { port } = site;
    await site.close();
    await CONNECT(own, 'nowhere.test:443');
    await GET(own, `http://site.test:${port}/`);
    expect(own.refusalOf('https://nowhere.test/x')).toMatchObject({
      kind: 'dns',
      code: 'dns_error',
      netError: 'net::ERR_NAME_NOT_RESOLVED',
    });
    expect(own.refusalOf(`http://site.test:${port}/`)).toMatchObject({
      kind: 'unreachable',
      code: 'connection_refused',
    });
  });

  it('switches protocols where the server does', async () => {
    const sockets = await rawServer((socket, head) => {
      if (!/^Upgrade: websocket$/m.test(head) || /proxy-auth/i.test(head)) return socket.end();
      socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello');
      socket.on('data', (chunk) => socket.write(`echo ${chunk.toString()}`));
    });
    const own = await open({ allowPrivate: ['*'] });
    const upgrade = (origin: string) =>
      `GET ${origin}/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nProxy-Authorization: ${authorization(own)}\r\n\r\n`;
    const said = await say(own, upgrade(sockets.origin), (text) => text.includes('hello'));
    expect(said.text).toMatch(/^HTTP\/1.1 101 (.*\r\n)*Upgrade: websocket\r\n\r\nhello$/);
    said.socket.write('ping');
    await until(() => said.text.includes('echo ping') || undefined, { what: 'the echo' });
    // The site has no such thing: the browser gets no connection to it that it could go on to use.
    expect((await say(own, upgrade(site.origin), () => false)).text).toBe('');
    said.socket.destroy();
    await sockets.close();
  });

  it('asks again when the server closed a kept connection in the same moment', async () => {
    const once = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      socket.once('data', () => socket.resetAndDestroy());
    });
    const own = await open({ allowPrivate: ['*'] });
    for (let i = 0; i < 3; i++) expect((await GET(own, `${once.origin}/`)).text).toContain('ok');
    expect(own.refusals()).toEqual([]);
    await once.close();
  });

  describe('caps', () => {
    it.each([
      ['of a connection', { maxConnectionBytes: 100_000 }],
      ['of a page', { maxPageBytes: 100_000 }],
    ])('bytes %s', async (_, limits) => {
      const own = await open({ allowPrivate: ['*'], limits });
      const url = `${site.origin}/long`;
      expect((await GET(own, url)).text.length).toBeLessThan(400_000);
      expect(own.refusalOf(url)).toMatchObject({ kind: 'limit' });
      own.forget();
      const { socket } = await CONNECT(own, `127.0.0.1:${site.port}`);
      socket.write('GET /long HTTP/1.1\r\nHost: x\r\n\r\n');
      expect(await refusalFor(site.origin)).toMatchObject({ kind: 'limit' });
      expect(own.receivedBytes()).toBeLessThan(300_000);
    });

    it.each([
      ['silence', { idleMs: 50 }],
      ['age', { maxConnectionMs: 50 }],
    ])('%s', async (_, limits) => {
      const own = await open({ allowPrivate: ['*'], limits });
      const { socket } = await CONNECT(own, `127.0.0.1:${site.port}`);
      expect(await refusalFor(site.origin)).toMatchObject({ kind: 'limit' });
      await until(() => socket.destroyed || undefined, { what: 'the end of the tunnel' });
    });

    it('connections', async () => {
      const own = await open({ allowPrivate: ['*'], limits: { maxConnections: 2 } });
      const held = [
        await CONNECT(own, `127.0.0.1:${site.port}`),
        await CONNECT(own, `127.0.0.1:${site.port}`),
      ];
      expect((await CONNECT(own, `127.0.0.1:${site.port}`)).text).toBe('');
      held[0]!.socket.destroy();
      await until(
        async () => (await CONNECT(own, `127.0.0.1:${site.port}`)).text.includes('200') || undefined,
        { what: 'room' },
      );
    });
  });

  it('its end cuts every connection', async () => {
    const own = await open({ allowPrivate: ['*'] });
    const { socket } = await CONNECT(own, `127.0.0.1:${site.port}`);
    const waiting = GET(own, `${site.origin}/silent`);
    await until(() => asked.length > 0 || undefined, { what: 'the request' });
    await own.close();
    expect((await waiting).text).toBe('');
    await until(() => (socket.destroyed && site.open() === 0) || undefined, { what: 'all ends' });
    expect(own.refusals()).toEqual([]);
  });
});

// The client of a proxy in Node's own words, so that not only our own wording is understood.
it('Node takes it for a proxy', async () => {
  const site = await httpServer((_, response) => response.end('page'));
  const egresses = createBrowserEgresses({ allowPrivate: ['*'] });
  const egress = await egresses.open();
  const answer = await new Promise<IncomingMessage>((resolve, reject) =>
    httpRequest({
      port: new URL(egress.server).port,
      path: `${site.origin}/`,
      headers: { 'proxy-authorization': authorization(egress) },
    })
      .once('response', resolve)
      .once('error', reject)
      .end(),
  );
  expect(answer.statusCode).toBe(200);
  answer.resume();
  await egress.close();
  await egresses.close();
  await site.close();
});
