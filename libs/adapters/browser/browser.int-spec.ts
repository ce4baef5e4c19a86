import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cacheDir } from '#libs/adapters/servers';
import { BrowserFault, type BrowserContext, type BrowserTab, type RunningBrowser } from '#libs/engine/ports';
import { runDir, until } from '#libs/testing';
import { createBrowsers } from './index.js';

/** A busy machine may take a while for a page, ms. */
const PATIENT_MS = 45_000;

interface Process {
  pid: number;
  args: string;
}

/** Of the browser that this process started, and of no other one on this machine. */
function processes(leader: number | null = null): (Process & { leads: boolean })[] {
  const lines = execFileSync('ps', ['-eww', '-o', 'pid,ppid,pgid,stat,args'], { encoding: 'utf8' }).split(
    '\n',
  );
  const all = lines.flatMap((line) => {
    const [, pid, parent, group, stat, args = ''] =
      /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    // One that has ended and waits to be noticed is none.
    return pid === undefined || stat?.startsWith('Z')
      ? []
      : [{ pid: Number(pid), parent: Number(parent), group: Number(group), args }];
  });
  const first =
    leader ??
    all.find(({ parent, args }) => parent === process.pid && args.includes('--remote-debugging-pipe'))?.pid;
  return all
    .filter(({ group }) => group === first)
    .map(({ pid, args }) => ({ pid, args, leads: pid === first }));
}

const logged: string[] = [];
const note = (_: object, message: string): void => void logged.push(message);
const logger = { debug: note, info: note, warn: note, error: note };

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );

describe('Chromium behind its port', () => {
  let browser: RunningBrowser;
  let context: BrowserContext;
  let tab: BrowserTab;
  let site: string;
  const asked: string[] = [];
  const direct: string[] = [];
  const servers: Server[] = [];
  const size = { width: 800, height: 600 };
  let proxy: { server: string; username: string; password: string };

  beforeAll(async () => {
    const pages = createServer((req, res) => {
      if (req.headers['via'] === undefined) direct.push(req.url ?? '');
      res.setHeader('content-type', 'text/html');
      res.setHeader('set-cookie', ['a=1', 'b=2']);
      const url = req.url ?? '';
      if (url === '/hang') res.end('<script>while (true);</script>');
      else if (url === '/popup') res.end('<p>first</p><script>window.open("/other")</script>');
      else if (url === '/to') res.writeHead(302, { location: '/page' }).end();
      else if (url === '/file') res.writeHead(200, { 'content-disposition': 'attachment' }).end('x');
      else if (url === '/wide') res.end(`<p>${'x'.repeat(100_000)}</p>`);
      else res.end(`<!doctype html><p id="cookie">${req.headers.cookie ?? 'none'}</p>`);
    });
    const port = await listen(pages);
    site = `http://127.0.0.1:${port}`;
    const way = createServer((req, res) => {
      asked.push(req.url ?? '');
      if (!req.headers['proxy-authorization'])
        return void res.writeHead(407, { 'proxy-authenticate': 'Basic realm="x"' }).end();
      const out = request(req.url!, { headers: { ...req.headers, via: '1.1 test' } }, (answer) => {
        res.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(res);
      });
      out.on('error', () => res.destroy());
      req.pipe(out);
    });
    proxy = { server: `http://127.0.0.1:${await listen(way)}`, username: 'u', password: 'p' };
    servers.push(pages, way);
    const browsers = createBrowsers({
      chromium: process.env.SPOOR_CHROMIUM || null,
      caches: [cacheDir(runDir())],
      sandbox: 'auto',
      logger,
    });
    browser = await browsers.launch({ headless: true, maxPageMemoryMb: 256 });
    context = await browser.openContext({ proxy, ...size });
    tab = await context.openTab();
  });

  afterAll(async () => {
    await browser?.close();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  it('runs in its sandbox, and as root without the rights of root', () => {
    if (process.platform !== 'linux') return;
    expect(logged.filter((text) => !text.startsWith('profiles of browsers that are gone'))).toEqual([]);
    const all = processes();
    for (const { args } of all) expect(args).not.toContain('--no-sandbox');
    const renderers = all.filter(({ args }) => args.includes('--type=renderer'));
    expect(renderers.length).toBeGreaterThan(0);
    for (const { pid } of renderers) {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      // 2: system calls are filtered.
      expect(status).toMatch(/^Seccomp:\s+2$/m);
      expect(status).not.toMatch(/^Uid:\s+0\s/m);
    }
  });

  it('tells how a document answered, with redirects and headers of one name', async () => {
    await tab.navigate(`${site}/to`);
    await tab.settle('load', PATIENT_MS);
    const page = await tab.document();
    expect(page).toMatchObject({ statusCode: 200, finalUrl: `${site}/page` });
    expect(page?.headers['set-cookie']).toBe('a=1\nb=2');
    expect(page?.redirects).toEqual([{ url: `${site}/to`, statusCode: 302, location: '/page' }]);
    expect((await tab.content(1e6)).html).toMatch(/^<!DOCTYPE html><html>.*a=1; b=2/);
    expect(JSON.parse(tab.har()).log.entries.length).toBeGreaterThanOrEqual(1);
  });

  it('cuts a page where it is told to', async () => {
    await tab.navigate(`${site}/wide`);
    await tab.settle('load', PATIENT_MS);
    const { html, truncated } = await tab.content(1000);
    expect([html.length, truncated]).toEqual([1000, true]);
  });

  it('goes through the proxy for loopback addresses, too, and nowhere without one', async () => {
    expect(asked).toContain(`${site}/to`);
    const cut = await browser.openContext({ proxy: null, ...size });
    const alone = await cut.openTab();
    await expect(alone.navigate(`${site}/direct`)).rejects.toMatchObject({ kind: 'net' });
    await cut.close();
    expect(direct).toEqual([]);
  });

  it('finds what a selector means, and says when it is none', async () => {
    await tab.navigate(`${site}/page`);
    await tab.appears('#cookie', PATIENT_MS);
    expect([await tab.has('#cookie'), await tab.has('#nothing')]).toEqual([true, false]);
    await expect(tab.has('###')).rejects.toMatchObject({ kind: 'selector' });
    await expect(tab.appears('#never', 50)).rejects.toMatchObject({ kind: 'timeout' });
    await expect(tab.appears('a[', PATIENT_MS)).rejects.toMatchObject({ kind: 'selector' });
  });

  it('names the errors of the network as the browser does, and takes no downloads', async () => {
    await expect(tab.navigate(`${site}/file`)).rejects.toMatchObject({
      kind: 'net',
      message: 'net::ERR_ABORTED',
    });
    await expect(tab.navigate('http://127.0.0.1:1/')).rejects.toMatchObject({
      message: 'net::ERR_UNSAFE_PORT',
    });
  });

  it('closes popups', async () => {
    await tab.navigate(`${site}/popup`);
    await tab.navigate(`${site}/page`);
    expect(tab.usable).toBe(true);
  });

  it('given a page that hangs, then its tab can be closed, and the context keeps its cookies', async () => {
    await tab.navigate(`${site}/hang`);
    const stuck = expect(tab.content(10)).rejects.toMatchObject({ kind: 'gone' });
    await tab.close();
    await stuck;
    tab = await context.openTab();
    await tab.navigate(`${site}/page`);
    await tab.settle('load', PATIENT_MS);
    expect((await tab.content(1e6)).html).toContain('a=1; b=2');
  });

  it('sees its memory', async () => {
    if (process.platform === 'linux') expect(await browser.memoryBytes()).toBeGreaterThan(10 * 2 ** 20);
  });

  it('given a browser that is killed, then whoever waits for it hears so, and no process is left', async () => {
    await tab.navigate(`${site}/hang`);
    const stuck = expect(tab.content(10)).rejects.toBeInstanceOf(BrowserFault);
    const { pid } = processes().find(({ leads }) => leads)!;
    process.kill(pid, 'SIGKILL');
    await browser.gone;
    await stuck;
    expect(browser.alive).toBe(false);
    await expect(context.openTab()).rejects.toMatchObject({ kind: 'gone', message: 'connection is closed' });
    await until(() => processes(pid).length === 0, { timeoutMs: PATIENT_MS, what: 'no process to be left' });
  });
});
