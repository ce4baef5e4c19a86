import { existsSync, readFileSync } from 'node:fs';
import { startDemoProxy, type DemoProxy } from '#libs/demo-proxy';
import { parseUrl } from '#libs/events';
import { CONNECT, GET } from './browser-test-support.js';
import { createBrowserEgresses } from './index.js';
import { oneProxy, route } from './test-support.js';

const FILE = '../shared/conformance/ssrf.json';
interface Case {
  id: string;
  kind: string;
  url: string;
  expect: 'blocked' | 'allowed';
  dns?: Record<string, string[]>;
  redirect?: unknown;
  proxy?: string;
  body?: string;
}
const cases = (
  existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as { cases: Case[] }).cases : []
).filter(
  // Redirects and pages are the browser's to follow: each of their steps comes here as a target like these.
  ({ kind, url, redirect, body, ...one }) =>
    one.expect === 'blocked' &&
    /^https?:/i.test(url) &&
    redirect === undefined &&
    body === undefined &&
    !['user-proxy', 'dns-rebind', 'robots-fetch', 'sitemap-or-link', 'scheme', 'userinfo'].includes(kind),
);
if (cases.length === 0) console.info(`skipped: no conformance cases at ${FILE}`);

(cases.length > 0 ? describe : describe.skip)('forged targets, as a browser would name them', () => {
  let proxy: DemoProxy;
  beforeAll(async () => {
    proxy = await startDemoProxy({ user: 'user', password: 'pw' });
  });
  afterAll(() => proxy.close());

  const rows = cases.map((one) => [`${one.id} ${one.kind} ${one.url}`, one] as const);
  if (rows.length === 0) it('has external cases', () => undefined);
  it.each(rows)('%s', async (_, { url, dns = {}, proxy: named }) => {
    const parsed = parseUrl(url);
    // What no browser takes for a URL gets no further.
    if (parsed === null || parsed.username !== '') return expect(parsed?.username).not.toBe('');
    const resolve = async (name: string) => {
      const known = dns[name] ?? (name === 'localhost' ? ['127.0.0.1'] : undefined);
      if (known === undefined) throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
      return known.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    };
    const egresses = createBrowserEgresses({ resolve, proxies: oneProxy(proxy.url) });
    const egress = await egresses.open(named ? { proxy: route() } : {});
    try {
      const { hostname, port, protocol } = parsed;
      await CONNECT(egress, `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`);
      expect(egress.refusals()).toMatchObject([{ kind: 'blocked' }]);
      egress.forget();
      parsed.protocol = 'http:';
      await GET(egress, parsed.href);
      expect(egress.refusals()).toMatchObject([{ kind: 'blocked' }]);
      expect(proxy.log).toEqual([]);
    } finally {
      await egress.close();
      await egresses.close();
    }
  });
});
