import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export interface SiteOptions {
  pages: number;
  /** Links on each page (default 40). */
  links?: number;
  /** Time to answer, ms (default 5). */
  delayMs?: number;
  /** These page numbers answer 500 the first time. */
  flaky?: (page: number) => boolean;
  /** PEM of a site that is spoken to over TLS. */
  tls?: { key: string; cert: string };
}

/** A site of `pages` pages at `/p/<n>`, all reachable from `/p/0`, that counts what was asked of it. */
export class Site {
  /** Path → page requests, robots.txt left out. */
  readonly hits = new Map<string, number>();
  /** Path → when its last request came, ms since the epoch. */
  readonly lastAsked = new Map<string, number>();
  /** Remote address → connections that came from it. */
  readonly from = new Map<string, number>();
  private readonly server: Server;

  constructor(private readonly options: SiteOptions) {
    const listener: RequestListener = (request, response) => {
      const path = request.url ?? '/';
      if (path === '/robots.txt') {
        response.end('User-agent: *\nDisallow: /private/\n');
        return;
      }
      const seen = (this.hits.get(path) ?? 0) + 1;
      this.hits.set(path, seen);
      this.lastAsked.set(path, Date.now());
      const page = Number(/^\/p\/(\d+)$/.exec(path)?.[1] ?? NaN);
      setTimeout(() => {
        if (!(page < options.pages)) response.statusCode = 404;
        else if (seen === 1 && options.flaky?.(page)) response.statusCode = 500;
        response.setHeader('content-type', 'text/html; charset=utf-8');
        response.end(this.page(page));
      }, options.delayMs ?? 5);
    };
    this.server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener);
    this.server.on('connection', ({ remoteAddress = '' }: Socket) =>
      this.from.set(remoteAddress, (this.from.get(remoteAddress) ?? 0) + 1),
    );
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get start(): string {
    return `${this.options.tls ? 'https' : 'http'}://${this.host}/p/0`;
  }

  get served(): number {
    return this.hits.size;
  }

  /** Requests beyond the first of each page. */
  get repeated(): string[] {
    return [...this.hits].filter(([, n]) => n > 1).map(([path]) => path);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private page(n: number): string {
    const { pages, links = 40 } = this.options;
    const targets = [
      2 * n + 1,
      2 * n + 2,
      ...Array.from({ length: links - 2 }, (_, i) => (n * 7 + i * 13) % pages),
    ];
    const anchors = targets.filter((t) => t < pages).map((t) => `<a href="/p/${t}">page ${t}</a>`);
    return `<!doctype html><title>Page ${n}</title><h1>Page ${n}</h1><p>${'word '.repeat(200)}</p>${anchors.join('\n')}`;
  }
}
