import { startDemoProxy, type DemoProxy } from '#libs/demo-proxy';
import type { FetchOutcome, ProxyEndpoint, ProxyResolver } from '#libs/engine/ports';
import { until } from '#libs/testing';
import { createEgress, createProxyCheck, type Egress } from './index.js';
import { httpServer, oneProxy, rawServer, request, route, type TestServer } from './test-support.js';

const FROM_PROXY = '127.0.0.2';
const credentials = { user: 'user', password: 'pw', localAddress: FROM_PROXY };

describe('fetching through a proxy', () => {
  let proxy: DemoProxy;
  let site: TestServer;
  let egress: Egress;
  let from: Set<string>;
  let asked: string[];
  let answers: Record<string, [status: number, headers: Record<string, string>, body: string]>;

  const egressWith = (proxies: ProxyResolver, allowPrivate = ['*']): Egress => {
    egress?.close();
    return (egress = createEgress({ allowPrivate, proxies }));
  };
  const get = (path: string, spec: Record<string, unknown> = {}, over = {}): Promise<FetchOutcome> =>
    egress.fetch(request(`${site.origin}${path}`, { proxy: route(spec), ...over }));

  beforeEach(async () => {
    from = new Set();
    asked = [];
    answers = {};
    proxy = await startDemoProxy(credentials);
    site = await httpServer(({ url = '', socket }, response) => {
      from.add(socket.remoteAddress ?? '');
      asked.push(url);
      if (url === '/silent') return;
      const [status, headers, body] = answers[url] ?? [200, {}, 'page'];
      response.writeHead(status, headers).end(body);
    });
    egressWith(oneProxy(proxy.url));
  });
  afterEach(async () => {
    egress.close();
    await site.close();
    await proxy.close();
  });

  it.each(['connect', 'forward'])(
    'sends redirects the same way, and nothing direct (%s)',
    async (httpMode) => {
      answers['/a'] = [302, { location: '/b' }, ''];
      answers['/b'] = [301, { location: `http://localhost:${site.port}/c` }, ''];
      expect(await get('/a', { httpMode })).toMatchObject({ ok: true, statusCode: 200 });
      expect(asked).toEqual(['/a', '/b', '/c']);
      expect([...from]).toEqual([FROM_PROXY]);
      expect(new Set(proxy.log.map(({ method }) => method))).toEqual(
        new Set([httpMode === 'connect' ? 'CONNECT' : 'GET']),
      );
    },
  );

  it.each([401, 407, 502, 504, 525])("takes a target's own %i for a page", async (status) => {
    answers['/'] = [status, { 'x-error-description': 'Access denied: traffic limit reached' }, 'mine'];
    expect(await get('/')).toMatchObject({ ok: true, statusCode: status, body: Buffer.from('mine') });
  });

  it('opens a tunnel for each request when rotating, and shares one in a session', async () => {
    for (let i = 0; i < 3; i++) await get('/');
    expect(proxy.connects()).toBe(3);
    egressWith(oneProxy(proxy.url, { tunnelKey: 'one' }));
    for (let i = 0; i < 3; i++) await get('/');
    expect(proxy.connects()).toBe(4);
  });

  it('does not go direct when no proxy is configured, or it is gone', async () => {
    egress = createEgress({ allowPrivate: ['*'] });
    expect(await get('/')).toMatchObject({ ok: false, code: 'proxy_not_configured' });
    egressWith(oneProxy(proxy.url));
    await proxy.fault('refuse');
    expect(await get('/')).toMatchObject({ ok: false, code: 'proxy_refused', statusCode: 0 });
    expect(asked).toEqual([]);
  });

  it("keeps the proxy's own words, without what it was sent", async () => {
    const token = Buffer.from('user:pw').toString('base64');
    const parrot = await rawServer((socket) =>
      socket.end(`HTTP/1.1 407 No\r\nX-Error-Description: user:pw or ${token} is wrong\r\n\r\n`),
    );
    egressWith(oneProxy(`http://user:pw@127.0.0.1:${parrot.port}`));
    const outcome = await get('/');
    expect(outcome).toMatchObject({ ok: false, code: 'proxy_auth', statusCode: 407 });
    expect((outcome as { vendorText: string }).vendorText).toContain('is wrong');
    expect(JSON.stringify(outcome)).not.toMatch(new RegExp(`${token}|user:pw`));
    await parrot.close();
  });

  it.each([
    ['a private literal', 'http://127.0.0.1:1/'],
    ['a name that leads to a private address', 'http://localhost:1/'],
    ['an encoded literal', 'http://0x7f000001:1/'],
  ])('refuses %s before the proxy hears of it', async (_, url) => {
    egressWith(oneProxy(proxy.url), []);
    expect(await egress.fetch(request(url, { proxy: route() }))).toMatchObject({ code: 'blocked_address' });
    expect(proxy.log).toEqual([]);
  });

  it('lets the proxy resolve what does not resolve here', async () => {
    egressWith(oneProxy(proxy.url), []);
    await egress.fetch(request('http://only-there.invalid/', { proxy: route() }));
    expect(proxy.log[0]).toMatchObject({ target: 'only-there.invalid:80' });
  });

  it('checks the address of a proxy that stands in a spec, not of one that the operator names', async () => {
    const allowed = [`127.0.0.1:${site.port}`];
    egressWith(oneProxy(proxy.url, { trusted: false }), allowed);
    expect(await get('/')).toMatchObject({ ok: false, code: 'proxy_not_configured' });
    expect(proxy.log).toEqual([]);
    egressWith(oneProxy(proxy.url), allowed);
    expect(await get('/')).toMatchObject({ ok: true });
  });

  it('what a single job may reach says nothing of a proxy that its spec names', async () => {
    egressWith(oneProxy(proxy.url, { trusted: false }), []);
    expect(await get('/', {}, { allowPrivate: ['*'] })).toMatchObject({ code: 'proxy_not_configured' });
    expect(proxy.log).toEqual([]);
    egressWith(oneProxy(proxy.url), []);
    expect(await get('/', {}, { allowPrivate: ['*'] })).toMatchObject({ ok: true });
  });

  it('blames a proxy that falls silent while pages wait, not the pages', async () => {
    const fetching = get('/silent', { connectTimeoutMs: 300 }, { timeoutMs: 20_000 });
    await until(() => asked.includes('/silent'), { what: 'the request' });
    await proxy.fault('hang');
    expect(await fetching).toMatchObject({ ok: false, code: 'proxy_connect_timeout' });
  });

  it('blames a silent target when the proxy still opens ways', async () => {
    expect(await get('/silent', { connectTimeoutMs: 300 }, { timeoutMs: 1500 })).toMatchObject({
      ok: false,
      code: 'timeout',
    });
  });

  it('blames the proxy for connections that it cuts, and the target for its own', async () => {
    const cutting = await rawServer((socket) => socket.destroy());
    const at = `http://127.0.0.1:${cutting.port}/`;
    expect(await egress.fetch(request(at, { proxy: route() }))).toMatchObject({ code: 'connection_reset' });
    const fetching = get('/silent');
    await until(() => asked.includes('/silent'), { what: 'the request' });
    await proxy.fault('502');
    expect(await fetching).toMatchObject({ ok: false, code: 'proxy_bad_gateway', statusCode: 502 });
    await cutting.close();
  });

  it('asks for another member after a failure', async () => {
    const good = await startDemoProxy(credentials);
    const pool: ProxyResolver = {
      resolve: (_, { failures }): ProxyEndpoint => ({
        ...{ url: [proxy.url, good.url][failures % 2]!, trusted: true, headers: {}, tunnelKey: 's' },
      }),
    };
    egressWith(pool);
    await proxy.fault('525');
    expect(await get('/')).toMatchObject({ ok: false, code: 'proxy_no_exit' });
    expect(await get('/')).toMatchObject({ ok: true });
    await good.close();
  });

  it('ends at once when it is aborted, also while the proxy hangs', async () => {
    await proxy.fault('hang');
    const controller = new AbortController();
    const fetching = get('/', {}, { signal: controller.signal });
    await until(() => proxy.log.length > 0, { what: 'the CONNECT' });
    controller.abort();
    await expect(fetching).rejects.toMatchObject({ name: 'AbortError' });
  });

  describe('proxy check', () => {
    const check = (spec: Record<string, unknown> = {}, url = `${site.origin}/next`) =>
      createProxyCheck({ proxies: oneProxy(proxy.url), allowPrivate: () => ['*'] }).check(
        '0-job00001',
        route(spec).spec,
        url,
      );

    it('opens a way and requests nothing', async () => {
      expect(await check()).toMatchObject({ ok: true });
      expect(proxy.connects()).toBe(1);
      expect(asked).toEqual([]);
    });

    it('allows the targets that the job is allowed', async () => {
      const proxyCheck = createProxyCheck({
        proxies: oneProxy(proxy.url),
        allowPrivateOf: (jobId) => (jobId === '0-job00001' ? ['*'] : []),
      });
      const { spec } = route();
      expect(await proxyCheck.check('0-job00001', spec, `${site.origin}/`)).toMatchObject({ ok: true });
      expect(await proxyCheck.check('0-job00002', spec, `${site.origin}/`)).toMatchObject({
        code: 'blocked_address',
      });
    });

    it('says what is wrong as a page would', async () => {
      await proxy.fault('traffic-limit');
      expect(await check()).toMatchObject({
        ok: false,
        ...{ code: 'proxy_traffic_limit', statusCode: 407, message: 'Proxy traffic limit reached (407)' },
        vendorText: expect.stringContaining('traffic limit reached') as string,
      });
    });

    it('lets pass what is the fault of the target', async () => {
      const closed = await rawServer(() => undefined);
      await closed.close();
      expect(await check({}, `http://127.0.0.1:${closed.port}/`)).toMatchObject({ ok: true });
      // No TLS there.
      expect(await check({}, site.origin.replace('http:', 'https:'))).toMatchObject({ ok: true });
    });

    it('does not wait longer than connectTimeoutMs', async () => {
      await proxy.fault('hang');
      expect(await check({ connectTimeoutMs: 200 })).toMatchObject({ code: 'proxy_connect_timeout' });
    });
  });
});
