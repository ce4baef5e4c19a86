import { Agent, get, globalAgent } from 'node:http';
import type { LookupAddress } from 'node:dns';
import { createEgress, type Egress } from './index.js';
import { httpServer, request, type TestServer } from './test-support.js';

const v4 = (...addresses: string[]): LookupAddress[] => addresses.map((address) => ({ address, family: 4 }));

describe('egress guard', () => {
  let canary: TestServer;
  let egress: Egress | undefined;
  beforeEach(async () => (canary = await httpServer((_, res) => void res.end('secret'))));
  afterEach(async () => {
    egress?.close();
    await canary.close();
  });
  const fetching = (url: string, over: Parameters<typeof createEgress>[0] = {}) => {
    egress = createEgress(over);
    return egress.fetch(request(url));
  };

  it.each([
    (port: number) => `http://127.0.0.1:${port}/`,
    (port: number) => `http://0x7f.1:${port}/`,
    (port: number) => `http://2130706433:${port}/`,
    (port: number) => `http://①②⑦.0.0.1:${port}/`,
    (port: number) => `http://0.0.0.0:${port}/`,
    (port: number) => `http://[::1]:${port}/`,
    (port: number) => `http://[::ffff:127.0.0.1]:${port}/`,
    (port: number) => `http://[::127.0.0.1]:${port}/`,
    (port: number) => `http://[64:ff9b::7f00:1]:${port}/`,
    (port: number) => `http://localhost:${port}/`,
  ])('refuses %s, and nothing reaches it', async (url) => {
    const outcome = await fetching(url(canary.port));
    expect(outcome).toMatchObject({ ok: false, code: 'blocked_address', statusCode: 0 });
    expect(outcome.ok || outcome.message).toBe(
      'The address is not public (one of your own is reached with --allow-private, or SPOOR_ALLOW_PRIVATE=host:port)',
    );
    expect(canary.accepted()).toBe(0);
  });

  it.each([
    [v4('127.0.0.1')],
    [v4('8.8.8.8', '127.0.0.1')],
    [[{ address: '::ffff:127.0.0.1', family: 6 }]],
    [[{ address: '::127.0.0.1', family: 6 }]],
    [[{ address: 'fe80::1%lo', family: 6 }]],
  ])('refuses a name that resolves to %j', async (addresses) => {
    const outcome = await fetching(`http://public.test:${canary.port}/`, { resolve: async () => addresses });
    expect(outcome).toMatchObject({ ok: false, code: 'blocked_address' });
    expect(canary.accepted()).toBe(0);
  });

  it('resolves once and connects to what it has checked', async () => {
    let lookups = 0;
    const resolve = async () => (lookups++ === 0 ? v4('127.0.0.1') : v4('127.0.0.2'));
    const allowPrivate = [`127.0.0.1:${canary.port}`];
    const outcome = await fetching(`http://rebind.test:${canary.port}/`, { resolve, allowPrivate });
    expect(outcome).toMatchObject({ ok: true, statusCode: 200 });
    expect([lookups, canary.accepted()]).toEqual([1, 1]);
  });

  it('checks every new connection of a name again', async () => {
    let lookups = 0;
    const resolve = async () => (lookups++ === 0 ? v4('127.0.0.1') : v4('127.0.0.3'));
    egress = createEgress({ resolve, allowPrivate: ['127.0.0.1'] });
    const url = `http://rebind.test:${canary.port}/`;
    // Without its body a page ends its connection, so the second needs one of its own.
    expect(await egress.fetch(request(url, { readBody: false }))).toMatchObject({ ok: true });
    expect(await egress.fetch(request(url))).toMatchObject({ ok: false, code: 'blocked_address' });
    expect([lookups, canary.accepted()]).toEqual([2, 1]);
  });

  it('does not use a connection that somebody else has opened', async () => {
    const careless = new Agent({ keepAlive: true });
    for (const agent of [careless, globalAgent])
      await new Promise<void>((resolve) => {
        get(`${canary.origin}/`, { agent }, (res) => res.resume().on('end', resolve));
      });
    const opened = canary.accepted();
    expect(await fetching(`${canary.origin}/`)).toMatchObject({ ok: false, code: 'blocked_address' });
    expect(canary.accepted()).toBe(opened);
    careless.destroy();
  });

  it('checks every hop of a redirect, and keeps the chain', async () => {
    const site = await httpServer(
      (_, res) => void res.writeHead(307, { location: `${canary.origin}/admin` }).end(),
    );
    const outcome = await fetching(`${site.origin}/`, { allowPrivate: [`127.0.0.1:${site.port}`] });
    expect(outcome).toMatchObject({
      ok: false,
      code: 'blocked_address',
      statusCode: 307,
      redirects: [{ url: `${site.origin}/`, statusCode: 307, location: `${canary.origin}/admin` }],
    });
    expect(canary.accepted()).toBe(0);
    await site.close();
  });

  it('what one request is allowed, the next is not, also where a connection is still open', async () => {
    egress = createEgress({ resolve: async () => v4('127.0.0.1') });
    const url = `http://site.test:${canary.port}/`;
    const allowed = request(url, { allowPrivate: ['*'] });
    expect(await egress.fetch(allowed)).toMatchObject({ ok: true, statusCode: 200 });
    expect(await egress.fetch(request(url))).toMatchObject({ ok: false, code: 'blocked_address' });
    expect(await egress.fetch(allowed)).toMatchObject({ ok: true });
    expect(canary.accepted()).toBe(1);
  });

  it('what one request is allowed comes on top of what all are', async () => {
    egress = createEgress({ allowPrivate: [`127.0.0.1:${canary.port}`] });
    const allowPrivate = ['10.0.0.1'];
    expect(await egress.fetch(request(`${canary.origin}/`, { allowPrivate }))).toMatchObject({ ok: true });
  });

  it.each([
    ['*', '127.0.0.1', true],
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1:{port}', '127.0.0.1', true],
    ['127.0.0.1:1', '127.0.0.1', false],
    ['127.0.0.2', '127.0.0.1', false],
    ['site.test', 'site.test', true],
    ['SITE.test:{port}', 'site.test', true],
    ['site.test:1', 'site.test', false],
    ['127.0.0.1:{port}', 'site.test', true],
    ['other.test', 'site.test', false],
    ['[::ffff:127.0.0.1]:{port}', '127.0.0.1', true],
  ])('allowing %s, %s is reached: %s', async (entry, host, reached) => {
    const allowPrivate = [entry.replace('{port}', String(canary.port))];
    const outcome = await fetching(`http://${host}:${canary.port}/`, {
      allowPrivate,
      resolve: async () => v4('127.0.0.1'),
    });
    expect(outcome.ok).toBe(reached);
    expect(canary.accepted()).toBe(reached ? 1 : 0);
  });

  it.each([
    ['ENOTFOUND', 'dns_error'],
    ['EAI_AGAIN', 'dns_error'],
  ])('a name that does not resolve (%s) is %s', async (code, expected) => {
    const resolve = async () =>
      Promise.reject(Object.assign(new Error(`getaddrinfo ${code} nope.test`), { code }));
    const outcome = await fetching('http://nope.test/', { resolve });
    expect(outcome).toMatchObject({ ok: false, code: expected });
    expect(outcome.ok || outcome.message).not.toContain('getaddrinfo');
  });

  it('a resolver that answers nothing is no way around it', async () => {
    expect(await fetching('http://empty.test/', { resolve: async () => [] })).toMatchObject({
      code: 'dns_error',
    });
  });
});
