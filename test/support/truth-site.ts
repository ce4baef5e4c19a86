import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One page request as the site saw it. */
export interface Request {
  path: string;
  /** ms since the epoch. */
  at: number;
  from: string;
}

/** What must become of a page, whatever happens to the engine meanwhile. */
export interface Truth {
  outcome: 'fetched' | 'skipped';
  statusCode: number;
  /** Requests of it that a crawl without any fault makes. */
  requests: number;
}

/** Answers a request in its own way; false: as any other. */
export type Special = (path: string, response: ServerResponse, asked: number) => boolean;

export interface TruthSiteOptions {
  pages: number;
  /** Time to answer, ms (default 10). */
  delayMs?: number;
  special?: Special;
}

const LINKS_AHEAD = 6;

/**
 * A site of `pages` pages at `/p/<n>` that knows what a crawl of it has to find: most answer 200, some 404, some 500 the first time,
 * some redirect, one is disallowed by robots.txt. It writes down every request: the only witness that counts.
 */
export class TruthSite {
  readonly log: Request[] = [];
  /** Called with each request, before it is answered. */
  onRequest: (path: string) => void = () => undefined;
  private readonly asked = new Map<string, number>();
  private readonly server: Server;

  constructor(readonly options: TruthSiteOptions) {
    this.server = createServer((request, response) => {
      const path = request.url ?? '/';
      if (path === '/robots.txt') return void response.end('User-agent: *\nDisallow: /private/\n');
      this.log.push({ path, at: Date.now(), from: request.socket.remoteAddress ?? '' });
      const asked = (this.asked.get(path) ?? 0) + 1;
      this.asked.set(path, asked);
      this.onRequest(path);
      if (options.special?.(path, response, asked)) return;
      setTimeout(() => this.answer(path, response, asked), options.delayMs ?? 10);
    });
    this.server.keepAliveTimeout = 60_000;
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get start(): string {
    return `http://${this.host}/p/0`;
  }

  /** Pages that were asked for at least once. */
  get served(): number {
    return this.asked.size;
  }

  /** Absolute URL → what must become of it. */
  truth(): Map<string, Truth> {
    const all = new Map<string, Truth>();
    for (let n = 0; n < this.options.pages; n++) {
      const kind = kindOf(n);
      const statusCode = kind === 'missing' ? 404 : 200;
      const requests = kind === 'flaky' ? 2 : 1;
      all.set(`http://${this.host}/p/${n}`, { outcome: 'fetched', statusCode, requests });
    }
    all.set(`http://${this.host}/private/a`, { outcome: 'skipped', statusCode: 0, requests: 0 });
    return all;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(path: string, response: ServerResponse, asked: number): void {
    const [, shape, digits] = /^\/(p|t)\/(\d+)$/.exec(path) ?? [];
    const n = Number(digits ?? NaN);
    const kind = shape === 't' ? 'plain' : kindOf(n);
    if (!(n < this.options.pages) || kind === 'missing') response.statusCode = 404;
    else if (kind === 'flaky' && asked === 1) response.statusCode = 500;
    else if (kind === 'moved') return void response.writeHead(302, { location: `/t/${n}` }).end();
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(this.page(n));
  }

  private page(n: number): string {
    const ahead = Array.from({ length: LINKS_AHEAD }, (_, i) => n + 1 + i);
    const targets = [2 * n + 1, 2 * n + 2, ...ahead].filter((t) => t < this.options.pages);
    const anchors = targets.map((t) => `<a href="/p/${t}">page ${t}</a>`);
    if (n === 0) anchors.push('<a href="/private/a">private</a>');
    return `<!doctype html><title>Page ${n}</title><h1>Page ${n}</h1><p>${'word '.repeat(100)}</p>${anchors.join('\n')}`;
  }
}

type Kind = 'plain' | 'missing' | 'flaky' | 'moved';

/** Never so many in a row without links that a page behind them could not be found. */
function kindOf(n: number): Kind {
  if (n % 17 === 3) return 'missing';
  if (n % 13 === 5) return 'flaky';
  return n % 19 === 7 ? 'moved' : 'plain';
}
