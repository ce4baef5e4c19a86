import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startDemoProxy, type DemoProxy } from '#libs/demo-proxy';
import { sampleJob, startSampleSite, type SampleSite } from '#libs/sample-site';
import { freePort, until } from '#libs/testing';
import { startChromium } from './support/chromium.js';
import { Relay } from './support/relay.js';
import { Site } from './support/site.js';
import { Home } from './support/spoor.js';

const PATIENCE = 60_000;
const SECRET = 'a secret for tests that is long enough for keys';
const PAGES = 250;
/** A folder: pictures of every page are left there. */
const PICTURES = process.env['SPOOR_PICTURES'];

let browser: Browser | null;
let home: Home;
let base: string;
let port: number;
let proxy: DemoProxy;
let sample: SampleSite;
let hostile: Server;
/** A finished crawl of the sample site, and one of pages that would all like to run something. */
let sampleId: string;
let hostileId: string;
/** What a page tried to do that it must not. */
const alarms: string[] = [];

/** Each page wants to run a script, by every way that there is into a page about it. */
const HOSTILE = [
  `<title><img src=x onerror="alert('title')"></title><h1><svg onload=alert('h1')></h1>`,
  `<script>alert('script'); parent.postMessage('x', '*')</script>`,
  `<a href="javascript:alert('link')">x</a><a href="/a?'%22><script>alert(1)</script>">y</a>`,
  `<meta http-equiv="refresh" content="0;url=javascript:alert('refresh')">`,
  `<form action="/sessions" id="f"></form><iframe srcdoc="<script>parent.parent.alert('frame')</script>"></iframe>`,
].join('\n');

const originOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const api = async <T>(path: string, body?: unknown): Promise<T> => {
  const init =
    body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  return (await (await fetch(base + path, init)).json()) as T;
};
const start = async (spec: object): Promise<string> =>
  (await api<{ jobId: string }>('/api/jobs', spec)).jobId;
const statusOf = async (id: string): Promise<string> =>
  (await api<{ status: string }>(`/api/jobs/${id}`)).status;
const statusIs = (id: string, status: string): Promise<unknown> =>
  until(async () => (await statusOf(id)) === status, { timeoutMs: PATIENCE, what: `${id} to be ${status}` });
const isReady = (at: string): Promise<boolean> =>
  fetch(`${at}/health/live`).then(
    ({ ok }) => ok,
    () => false,
  );

const proxied = (site: Site): object => ({
  name: 'Companies through a proxy',
  start: [site.start],
  proxy: { url: { env: 'SPOOR_PROXY_URL' }, connectTimeoutMs: 1000 },
  politeness: { concurrency: 8, perHost: 8, delayMs: 20 },
});

/** A page in a window of its own; nothing that it does may be an alarm. */
async function open(
  path: string,
  options: Parameters<Browser['newContext']>[0] = {},
  at = base,
): Promise<Page> {
  const context = await browser!.newContext({ viewport: { width: 1200, height: 850 }, ...options });
  const page = await context.newPage();
  page.on('dialog', (dialog) => {
    alarms.push(`${path}: dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('pageerror', (error) => alarms.push(`${path}: ${error.message}`));
  await page.goto(at + path);
  return page;
}
const close = (page: Page): Promise<void> => (page.context() as BrowserContext).close();

beforeAll(async () => {
  browser = await startChromium();
  if (!browser) return;
  port = await freePort();
  base = `http://127.0.0.1:${port}`;
  const env = { SPOOR_ALLOW_PRIVATE: '*', SPOOR_KEY_SECRET: SECRET };
  home = new Home({ SPOOR_PORT: String(port), ...env });
  proxy = await startDemoProxy({ user: 'demo', password: 'demo' });
  writeFileSync(home.path('.env.local'), `SPOOR_PROXY_URL="${proxy.url}"\n`);
  sample = await startSampleSite();
  hostile = createServer((request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(request.url === '/robots.txt' ? '' : HOSTILE);
  }).listen(0, '127.0.0.1');
  home.spoor(['up']);
  await until(() => isReady(base), { timeoutMs: PATIENCE, what: 'the engine' });
  const politeness = { concurrency: 16, perHost: 16, delayMs: 0 };
  sampleId = await start({ ...sampleJob(sample.url), politeness });
  hostileId = await start({
    ...{ name: `<img src=x onerror="alert('name')">`, start: [`${originOf(hostile)}/`], politeness },
    stages: [{ name: 'page', follow: [{ stage: 'page' }], fields: { html: { selector: 'title' } } }],
  });
  await Promise.all([statusIs(sampleId, 'done'), statusIs(hostileId, 'done')]);
  const projected = async () =>
    (await api<{ items: unknown[] }>(`/api/jobs/${hostileId}/pages`)).items.length > 0;
  await until(projected, { timeoutMs: PATIENCE, what: 'pages in the tables' });
}, 2 * PATIENCE);

afterAll(async () => {
  await browser?.close();
  await home?.end();
  await proxy?.close();
  await sample?.close();
  hostile?.closeAllConnections();
  hostile?.close();
}, PATIENCE);

afterEach(() => expect(alarms.splice(0)).toEqual([]));

test('the whole story: it runs, the proxy breaks, Resume is refused, the proxy is mended, Resume, done', async () => {
  if (!browser) return;
  const site = await new Site({ pages: PAGES, delayMs: 20 }).listen();
  const id = await start(proxied(site));
  const page = await open(`/sessions/${id}`);
  await page.locator('#head .badge.running').waitFor();
  // It is lost when the page is loaded anew.
  await page.evaluate(() => void Reflect.set(window, 'sameWindow', true));
  await until(() => site.served > 60, { timeoutMs: PATIENCE, what: 'some pages' });
  await proxy.fault('407');
  await page.locator('#head .badge.error').waitFor();
  expect(await page.locator('#why').innerText()).toMatch(/Why it stopped[^]*Proxy error: .*407/);
  expect(await page.locator('#news').textContent()).toMatch(/^Error\. Proxy error: .*407/);
  expect(await page.evaluate(() => Reflect.get(window, 'sameWindow'))).toBe(true);

  await page.getByRole('button', { name: 'Resume' }).click();
  const alert = page.getByRole('alert');
  expect(await alert.innerText()).toMatch(/Not resumed: .*(407|password)/s);
  expect(await statusOf(id)).toBe('error');

  await proxy.fault(null);
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByText('Resumed.').waitFor();
  await page.evaluate(() => void Reflect.set(window, 'sameWindow', true));
  await page.locator('#head .badge.done').waitFor({ timeout: PATIENCE });
  expect(await page.evaluate(() => Reflect.get(window, 'sameWindow'))).toBe(true);
  expect(await page.locator('#progress').innerText()).toContain(`${PAGES} of ${PAGES} known pages`);
  expect([...site.hits].filter(([path, hits]) => path.startsWith('/p/') && hits > 2)).toEqual([]);
  await close(page);
  await site.close();
});

test('given a button that was reached by the keyboard, or is held, then it stays while the page follows', async () => {
  if (!browser) return;
  const site = await new Site({ pages: 5000, delayMs: 20 }).listen();
  const id = await start({ start: [site.start], politeness: { concurrency: 4, perHost: 4, delayMs: 20 } });
  const page = await open(`/sessions/${id}`);
  await page.locator('#head .badge.running').waitFor();
  const pause = page.getByRole('button', { name: 'Pause' });
  const progress = page.locator('#progress strong');
  const follows = async (): Promise<void> => {
    const before = await progress.innerText();
    await page.waitForFunction(
      (shown) => document.querySelector('#progress strong')?.textContent !== shown,
      before,
    );
  };
  await pause.focus();
  await follows();
  await follows();
  expect(await pause.evaluate((button) => button === document.activeElement)).toBe(true);
  await pause.hover();
  await page.mouse.down();
  await follows();
  await follows();
  await page.mouse.up();
  await page.locator('#head .badge.paused').waitFor();
  await api(`/api/jobs/${id}/stop`, {});
  await close(page);
  await site.close();
});

test('given a connection that is lost, then it shows, and heals with what happened meanwhile', async () => {
  if (!browser) return;
  const site = await new Site({ pages: 5000, delayMs: 20 }).listen();
  const id = await start({ start: [site.start], politeness: { concurrency: 4, perHost: 4, delayMs: 20 } });
  const way = await new Relay(port, false).listen();
  const page = await open(`/sessions/${id}`, {}, `http://127.0.0.1:${way.port}`);
  await page.locator('#connection[data-state=live]').waitFor();
  way.cut();
  await page.locator('#connection[data-state=lost]').waitFor();
  await api(`/api/jobs/${id}/stop`, {});
  way.mend();
  await page.locator('#connection[data-state=live]').waitFor();
  await page.locator('#head .badge.stopped').waitFor();
  await close(page);
  await way.close();
  await site.close();
});

test('without a script everything can be read, and a session can be resumed', async () => {
  if (!browser) return;
  const site = await new Site({ pages: 3000, delayMs: 20 }).listen();
  const id = await start({ name: 'no script', start: [site.start], politeness: { delayMs: 50 } });
  await api(`/api/jobs/${id}/pause`, {});
  const isListed = async () =>
    (await api<{ items: { status: string }[] }>('/api/jobs?q=no%20script')).items[0]?.status === 'paused';
  await until(isListed, { timeoutMs: PATIENCE, what: 'the list to know it' });
  const page = await open('/sessions?q=no+script', { javaScriptEnabled: false });
  await page.getByRole('button', { name: 'Resume no script' }).click();
  await page.getByText('Resumed.').waitFor();
  expect(await statusOf(id)).toBe('running');
  for (const tab of ['Timeline', 'Pages', 'Items', 'Overview']) {
    await page.getByRole('link', { name: tab, exact: true }).first().click();
    expect(await page.locator('h1').innerText()).toBe('no script');
  }
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByText('Stopped.', { exact: true }).waitFor();
  await close(page);
  await site.close();
});

test('what hostile pages are called runs nothing, wherever it is shown, and their bodies run nothing either', async () => {
  if (!browser) return;
  const { items } = await api<{ items: { id: string }[] }>(`/api/jobs/${hostileId}/pages`);
  const detail = `/sessions/${hostileId}/pages/${items[0]!.id}`;
  const paths = ['', '/timeline', '/pages', '/items', '/at/5', '/restart', '/again'].map(
    (path) => `/sessions/${hostileId}${path}`,
  );
  const bodies = [`${detail}/body?as=page`, `${detail}/body?as=source`];
  const lookAt = async (path: string): Promise<void> => {
    const page = await open(path);
    await page.waitForLoadState('networkidle').catch(() => undefined);
    // A body alone has them, and may not run them.
    if (!path.includes('/body?'))
      expect(await page.locator('a[href^="javascript" i], [onerror], [onload]').count()).toBe(0);
    if (path === detail) {
      const frame = page.frameLocator('iframe.body');
      await frame.locator('form#f').waitFor({ state: 'attached' });
      const element = await page.locator('iframe.body').elementHandle();
      expect(
        await (await element!.contentFrame())!.evaluate(() => location.ancestorOrigins[0] === origin),
      ).toBe(false);
    }
    await close(page);
  };
  await Promise.all(['/sessions', ...paths, detail, `${detail}?shown=source`, ...bodies].map(lookAt));
  const body = await fetch(`${base}${detail}/body?as=page`);
  expect(body.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/);
  expect(body.headers.get('x-content-type-options')).toBe('nosniff');
});

test('given a server beyond the machine, then a key signs in, in a browser', async () => {
  if (!browser) return;
  const outside = await freePort();
  const at = `http://127.0.0.1:${outside}`;
  const made = await home.run(['key', 'create', '--scopes', 'admin', '--output', 'json']);
  const { key } = JSON.parse(made.stdout) as { key: string };
  home.spoor(['run', 'api'], { SPOOR_HOST: '0.0.0.0', SPOOR_PORT: String(outside) });
  await until(() => isReady(at), { timeoutMs: PATIENCE, what: 'the other api' });
  const page = await open(`/sessions/${sampleId}`, {}, at);
  expect(new URL(page.url()).pathname).toBe('/login');
  await page.getByLabel('API key').fill('spoor_wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  expect(await page.getByRole('alert').innerText()).toContain('no API key');
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('#head .badge.done').waitFor();
  await page.locator('#connection[data-state=live]').waitFor();
  expect(await page.evaluate(() => document.cookie)).toBe('');
  await page.getByRole('button', { name: 'Sign out' }).click();
  expect(await page.locator('h1').innerText()).toBe('Sign in');
  await close(page);
});

describe('every page', () => {
  const contrast = ['color-contrast'];
  const rules = axe
    .getRules(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'])
    .map(({ ruleId }) => ruleId);
  // What does not depend on the look is looked at once.
  const looks = [
    ['light', rules, { colorScheme: 'light' }],
    ['dark', contrast, { colorScheme: 'dark' }],
    [
      'phone',
      ['scrollable-region-focusable', 'target-size', ...contrast],
      { viewport: { width: 390, height: 800 } },
    ],
  ] as const;

  test.each(looks)('is clean to axe, %s, and no wider than its window', async (look, wanted, options) => {
    if (!browser) return;
    const { items } = await api<{ items: { id: string }[] }>(`/api/jobs/${sampleId}/pages?statusCode=404`);
    const paths: Record<string, string> = {
      ...{
        sessions: '/sessions',
        empty: '/sessions?q=nothing-like-it',
        new: '/sessions/new',
        system: '/system',
        login: '/login',
      },
      ...{
        session: `/sessions/${sampleId}`,
        timeline: `/sessions/${sampleId}/timeline`,
        pages: `/sessions/${sampleId}/pages`,
      },
      ...{
        items: `/sessions/${sampleId}/items`,
        moment: `/sessions/${sampleId}/at/40`,
        restart: `/sessions/${sampleId}/restart`,
      },
      ...{
        retry: `/sessions/${sampleId}/retry?outcome=failed`,
        page: `/sessions/${sampleId}/pages/${items[0]!.id}`,
      },
      missing: '/sessions/0-nothere00',
    };
    const found: string[] = [];
    const page = await open('/login', options);
    for (const [name, path] of Object.entries(paths)) {
      await page.goto(base + path);
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(
        (values) =>
          (Reflect.get(window, 'axe') as typeof axe).run(
            { exclude: ['iframe'] },
            { runOnly: { type: 'rule', values: [...values] }, resultTypes: ['violations'] },
          ),
        wanted,
      );
      for (const { id, impact, nodes } of violations)
        if (impact === 'serious' || impact === 'critical')
          found.push(`${name}: ${id} ${nodes[0]?.html.slice(0, 120)}`);
      const tooWide = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      if (tooWide > 0) found.push(`${name}: ${tooWide} px too wide`);
      if (PICTURES) {
        mkdirSync(PICTURES, { recursive: true });
        await page.screenshot({ path: join(PICTURES, `${name}-${look}.png`), fullPage: true });
      }
    }
    await close(page);
    expect(found).toEqual([]);
  });
});
