import { startDemoProxy, type DemoProxy } from '#libs/demo-proxy';
import type { BrowserEgress, BrowserEgresses } from '#libs/engine/ports';
import { until } from '#libs/testing';
import { CONNECT, GET } from './browser-test-support.js';
import { createBrowserEgresses } from './index.js';
import { httpServer, oneProxy, route, type TestServer } from './test-support.js';

const FROM_PROXY = '127.0.0.2';

describe("a browser behind the job's proxy", () => {
  let egresses: BrowserEgresses | undefined;
  let egress: BrowserEgress | undefined;
  let proxy: DemoProxy;
  let site: TestServer;
  let asked: string[];
  let from: Set<string | undefined>;

  const openProxied = async (spec: Record<string, unknown> = {}, allowPrivate = ['*']) => {
    egresses = createBrowserEgresses({ allowPrivate, proxies: oneProxy(proxy.url) });
    return (egress = await egresses.open({ proxy: route(spec) }));
  };
  beforeEach(async () => {
    asked = [];
    from = new Set();
    proxy = await startDemoProxy({ user: 'user', password: 'pw', localAddress: FROM_PROXY });
    site = await httpServer(({ url = '', socket }, response) => {
      asked.push(url);
      from.add(socket.remoteAddress);
      response.end('page');
    });
  });
  afterEach(async () => {
    await egress?.close();
    await egresses?.close();
    await site.close();
    await proxy.close();
    egress = egresses = undefined;
  });

  it.each(['connect', 'forward'])('goes all of it (%s)', async (httpMode) => {
    const own = await openProxied({ httpMode });
    expect((await GET(own, `${site.origin}/a`)).text).toContain('page');
    const { socket, text } = await CONNECT(own, `127.0.0.1:${site.port}`);
    expect(text).toMatch(/ 200 /);
    socket.write('GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await until(() => asked.length === 2 || undefined, { what: 'both requests' });
    expect(asked).toEqual(['/a', '/b']);
    expect([...from]).toEqual([FROM_PROXY]);
    expect(own.refusals()).toEqual([]);
  });

  it.each(['407', 'refuse'] as const)('never goes round it (%s), and says that it failed', async (kind) => {
    const own = await openProxied();
    await proxy.fault(kind);
    expect((await GET(own, `${site.origin}/`)).text).toBe('');
    expect((await CONNECT(own, `127.0.0.1:${site.port}`)).text).toMatch(/ 502 /);
    const code = kind === '407' ? 'proxy_auth' : 'proxy_refused';
    expect(own.proxyProblem()).toMatchObject({ code });
    expect(own.refusalOf(site.origin)).toMatchObject({ kind: 'proxy', code });
    expect(JSON.stringify(own.refusals())).not.toMatch(/pw|dXNlcj/);
    expect(site.accepted()).toBe(0);
  });

  it('a target that it cannot reach is no failure of the proxy', async () => {
    const own = await openProxied();
    const { port } = site;
    await site.close();
    await CONNECT(own, `127.0.0.1:${port}`);
    expect(own.refusalOf(`https://127.0.0.1:${port}/`)).toMatchObject({ kind: 'unreachable' });
    expect(own.proxyProblem()).toBeNull();
  });

  it('that falls silent in an open tunnel is found out', async () => {
    const own = await openProxied({ connectTimeoutMs: 300 });
    const { socket } = await CONNECT(own, `127.0.0.1:${site.port}`);
    await proxy.fault('hang');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => own.proxyProblem() ?? undefined, { what: 'the failure of the proxy' });
    expect(own.proxyProblem()).toMatchObject({ code: 'proxy_connect_timeout' });
  });

  it('private targets are refused before it hears of them', async () => {
    const own = await openProxied({}, []);
    await CONNECT(own, `127.0.0.1:${site.port}`);
    await GET(own, `http://localhost:${site.port}/`);
    expect(own.refusals().map(({ kind }) => kind)).toEqual(['blocked', 'blocked']);
    expect(proxy.log).toEqual([]);
  });
});
