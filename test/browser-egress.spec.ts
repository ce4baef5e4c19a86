import { existsSync, readFileSync } from 'node:fs';
import { createBrowsers, findChromium } from '#libs/adapters/browser';
import { createBrowserEgresses } from '#libs/adapters/egress';
import { cacheDir } from '#libs/adapters/servers';
import { startDemoProxy } from '#libs/demo-proxy';
import type { BrowserEgress, BrowserEgressOptions, BrowserTab, RunningBrowser } from '#libs/engine/ports';
import { resolvedJobSpec } from '#libs/events';
import { describeError } from '#libs/engine';
import { runDir, until } from '#libs/testing';
import { startCanary, type Canary } from './support/browser-canary.js';
import { loggedChromium, type LoggedChromium } from './support/logged-chromium.js';
import { startTemptingSite, type TemptingSite } from './support/tempting-site.js';

/** All ways that a page has to the canary; `tls`, `connected` and the datagrams have no path to be told by. */
const REQUESTS = [
  ...['audio', 'background', 'beacon', 'by-name', 'embed', 'eventsource', 'fetch', 'font', 'form', 'iframe'],
  ...['img', 'import', 'ipv6', 'js-location', 'meta-refresh', 'module', 'modulepreload', 'no-cors', 'object'],
  ...['popup', 'prefetch', 'preload', 'redirected-fetch', 'redirected-iframe', 'redirected-img', 'script'],
  ...['speculation', 'style', 'style-import', 'svg-image', 'video', 'websocket', 'xhr'],
  ...['worker-fetch', 'worker-import', 'worker-websocket', 'shared-worker-fetch', 'shared-worker-import'],
  ...['service-worker-fetch', 'service-worker-import'],
];
const WAYS = [...REQUESTS, 'tls', 'connected', 'udp', 'other-udp'].sort();

const isRoot = process.getuid?.() === 0;
const found = await findChromium({
  ...{ chosen: process.env.SPOOR_CHROMIUM || null, path: process.env.PATH ?? '' },
  ...{ caches: [cacheDir(runDir())], forOthers: isRoot },
}).catch((error: unknown) => {
  console.info(`skipped: what a browser may reach: ${describeError(error)}`);
  return null;
});

const FILE = '../shared/conformance/ssrf.json';
interface Case {
  id: string;
  kind: string;
  url: string;
  body: string;
}
const cases = (
  existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as { cases: Case[] }).cases : []
).filter(({ kind }) => kind === 'browser-subrequest');
if (cases.length === 0) console.info(`skipped: no conformance cases at ${FILE}`);

/** A busy machine gives up on single requests, as browsers do: the page is shown again until nothing is missing. */
async function showUntil(tab: BrowserTab, url: string, missing: () => string[]): Promise<void> {
  for (let left = 4; left > 0 && missing().length > 0; left--) {
    await tab.navigate(url);
    await until(() => missing().length === 0, { timeoutMs: 10_000 }).catch(() => undefined);
  }
  expect(missing()).toEqual([]);
}

const note = (_: object, message: string): void => console.info(message);
const logger = { debug() {}, info() {}, warn: note, error: note };

(found ? describe : describe.skip)('what a browser may reach', () => {
  let chromium: LoggedChromium;
  let browser: RunningBrowser;
  let canary: Canary;
  let site: TemptingSite;
  const ends: (() => Promise<void>)[] = [];

  const launch = async (bare: boolean): Promise<[LoggedChromium, RunningBrowser]> => {
    const logged = loggedChromium(found!.program, bare);
    const browsers = createBrowsers({ chromium: logged.program, caches: [], sandbox: 'auto', logger });
    return [logged, await browsers.launch({ headless: true, maxPageMemoryMb: 256 })];
  };
  const open = async (
    of: RunningBrowser,
    proxy: { server: string; username: string; password: string } | null,
  ): Promise<BrowserTab> => (await of.openContext({ proxy, width: 800, height: 600 })).openTab();
  const openBehind = async (
    options: BrowserEgressOptions,
    more: Parameters<typeof createBrowserEgresses>[0] = {},
  ): Promise<{ egress: BrowserEgress; tab: BrowserTab }> => {
    const egresses = createBrowserEgresses(more);
    const egress = await egresses.open(options);
    ends.push(async () => {
      await egress.close();
      await egresses.close();
    });
    const { server, username, password } = egress;
    return { egress, tab: await open(browser, { server, username, password }) };
  };
  /** Of which ways to the canary the browser's own log knows. */
  const tried = (): string[] => {
    const { urls } = chromium.log();
    const at = [...urls].map((url) => /:(\d+)\/k\/([\w-]+)$/.exec(url)).filter((match) => match !== null);
    return at.filter(([, port]) => Number(port) === canary.port).map(([, , kind]) => kind!);
  };
  const untried = (): string[] => {
    const known = tried();
    return REQUESTS.filter((kind) => !known.includes(kind));
  };
  const allDone = () =>
    until(() => site.asked.has('/done/ice') && site.asked.has('/done/webtransport'), {
      what: 'the ends of WebRTC and WebTransport',
    });

  beforeAll(async () => {
    [chromium, browser] = await launch(false);
  });
  afterAll(async () => {
    await browser?.close();
    chromium?.remove();
  });
  beforeEach(async () => {
    canary = await startCanary();
    site = await startTemptingSite(canary);
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
    await site.close();
    await canary.close();
  });

  it('given one without our flags and our way, then the canary is reached in all of these ways', async () => {
    const [bare, free] = await launch(true);
    try {
      const tab = await open(free, null);
      await showUntil(tab, `${site.origin}/`, () => WAYS.filter((way) => !canary.seen().includes(way)));
      expect(canary.seen().sort()).toEqual(WAYS);
    } finally {
      await free.close();
      bare.remove();
    }
  });

  it('given ours, then it is tried in all of them and reached in none', async () => {
    const { egress, tab } = await openBehind({ allowPrivate: [`127.0.0.1:${site.port}`] });
    const kindOf = (target: string) => egress.refusals().find((one) => one.target === target)?.kind;
    // Only a connection made in advance and one of WebRTC go there: nothing that the page waits for.
    const silent = `127.0.0.1:${canary.silentPort}`;
    await showUntil(tab, `${site.origin}/`, () => [...untried(), ...(kindOf(silent) ? [] : ['silent'])]);
    await allDone();
    expect(canary.seen()).toEqual([]);
    for (const target of ['127.0.0.1', 'localhost', '[::1]'].map((host) => `${host}:${canary.port}`))
      expect([target, kindOf(target)]).toEqual([target, 'blocked']);
    expect(kindOf(silent)).toBe('blocked');
    const { connects, datagramsSent, resolved } = chromium.log();
    expect([...connects].filter((address) => !egress.server.endsWith(address))).toEqual([]);
    expect(datagramsSent).toBe(0);
    // Nothing but ways of our own is looked up, names that a page prefetches neither.
    expect([...resolved].join()).not.toContain('prefetched');
    expect((await tab.content(100_000)).html).not.toContain('root:');
  });

  it("given the job's proxy, then all of it comes from there, and nothing when it fails", async () => {
    const proxy = await startDemoProxy({ user: 'user', password: 'pw', localAddress: '127.0.0.2' });
    ends.push(() => proxy.close());
    const proxies = {
      resolve: () => ({ url: proxy.url, trusted: true, headers: {}, tunnelKey: 'one' }),
    };
    const route = { spec: resolvedJobSpec.parse({ proxy: {} }).proxy!, session: 'job.1' };
    const { egress, tab } = await openBehind({ allowPrivate: ['*'], proxy: route }, { proxies });
    const reachable = REQUESTS.filter((kind) => kind !== 'ipv6');
    await showUntil(tab, `${site.origin}/`, () => reachable.filter((kind) => !canary.seen().includes(kind)));
    await allDone();
    expect(canary.from()).toEqual(['127.0.0.2']);
    expect(canary.seen()).not.toEqual(expect.arrayContaining(['udp']));
    expect(canary.seen()).not.toEqual(expect.arrayContaining(['other-udp']));

    await proxy.fault('407');
    egress.forget();
    await expect(tab.navigate(`${site.origin}/again`)).rejects.toMatchObject({ kind: 'net' });
    expect(egress.proxyProblem()).toMatchObject({ code: 'proxy_auth' });
    expect(site.asked).not.toContain('/again');
  });

  it('a document that is refused is told from one whose name does not resolve', async () => {
    const { egress, tab } = await openBehind({});
    await expect(tab.navigate(`${site.origin}/`)).rejects.toMatchObject({ kind: 'net' });
    expect(egress.refusalOf(site.origin)).toMatchObject({ kind: 'blocked' });
    await expect(tab.navigate('https://nowhere.invalid/')).rejects.toMatchObject({ kind: 'net' });
    expect(egress.refusalOf('https://nowhere.invalid/')).toMatchObject({ kind: 'dns' });
    for (const url of [
      'file:///etc/passwd',
      'chrome://version',
      'data:text/html,x',
      'view-source:http://a.test',
    ])
      await tab.navigate(url).catch(() => undefined);
    expect((await tab.content(100_000)).html).not.toContain('root:');
    expect(site.asked.size).toBe(0);
  });

  const rows = cases.map((one) => [`${one.id} ${one.url}`, one] as const);
  (rows.length > 0 ? it.each(rows) : it.skip.each([['no cases', cases[0]!] as const]))(
    '%s',
    async (_, { url, body }) => {
      const { pathname } = new URL(url);
      site.pages.set(pathname, body);
      const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
      const { egress, tab } = await openBehind({ allowPrivate: [`public.test:${site.port}`] }, { resolve });
      await tab.navigate(`http://public.test:${site.port}${pathname}`);
      if (body.includes('file:')) {
        await tab.settle('load', 10_000);
        expect((await tab.content(100_000)).html).not.toContain('root:');
      } else
        await until(() => egress.refusals().some(({ kind }) => kind === 'blocked'), { what: 'a refusal' });
      expect(site.asked).toContain(pathname);
      expect([...chromium.log().connects].filter((address) => !address.startsWith('127.0.0.1:'))).toEqual([]);
    },
  );
});
