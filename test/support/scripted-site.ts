import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A shop whose pages are empty until their script has asked for what is on them; one page needs no script. */
export interface ScriptedSite {
  start: string;
  /** Answers of the kind that only scripts ask for. */
  asked(): number;
  /** Paths of its pages, `/static` among them. */
  paths: string[];
  close(): Promise<void>;
}

const SHELL = '<!doctype html><title>Shop</title><div id="root"></div><script src="/app.js"></script>';
const APP = `(async () => {
  const { title, links } = await (await fetch('/api' + location.pathname)).json();
  document.title = title;
  document.getElementById('root').innerHTML =
    '<h1>' + title + '</h1>' + links.map((link) => '<a href="' + link + '">' + link + '</a>').join(' ');
})();`;
const STATIC = `<title>Static</title><h1>Static</h1><p>${'Enough to read. '.repeat(50)}</p><script src="/app.js"></script>`;

export async function startScriptedSite(pages: number): Promise<ScriptedSite> {
  let asked = 0;
  const server: Server = createServer(({ url = '' }, response) => {
    const html = (body: string): unknown =>
      response.writeHead(200, { 'content-type': 'text/html' }).end(body);
    if (url === '/robots.txt' || url === '/favicon.ico') return void response.writeHead(404).end();
    if (url === '/app.js')
      return void response.writeHead(200, { 'content-type': 'text/javascript' }).end(APP);
    if (url === '/static') return void html(STATIC);
    const page = /^\/api\/(\d+)$/.exec(url)?.[1];
    if (page === undefined) return void html(SHELL);
    asked += 1;
    const next = [Number(page) + 1, Number(page) + 2].filter((n) => n < pages).map((n) => `/${n}`);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ title: `Ware ${page}`, links: [...next, '/static'] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    start: `http://127.0.0.1:${(server.address() as AddressInfo).port}/0`,
    asked: () => asked,
    paths: [...Array.from({ length: pages }, (_, i) => `/${i}`), '/static'],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
