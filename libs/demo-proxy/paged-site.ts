import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PagedSiteOptions {
  pages: number;
  /** The page at which `onBreak` is called, once everything before it was answered; it and later ones wait until `mended`. */
  breakAt: number;
  onBreak: () => void;
  /** Address that the proxy speaks from; a request from any other one came past it. Null: they cannot be told apart. */
  proxyAddress: string | null;
}

const html = (page: number, pages: number): string =>
  `<!doctype html><title>List, page ${page} of ${pages}</title><h1>Page ${page}</h1>${'<p>word</p>'.repeat(50)}`;

/** A paginated site of this machine that writes down what is asked of it. */
export class PagedSite {
  /** Pages whose answer went out whole, in that order, each as often as it did. */
  readonly answered: number[] = [];
  /** Requests that did not come through the proxy. */
  direct = 0;
  private readonly waiting = new Set<() => void>();
  private broken = false;
  private isMended = false;
  private readonly server: Server;

  constructor(private readonly options: PagedSiteOptions) {
    this.server = createServer((request, response) => {
      const { proxyAddress } = options;
      if (proxyAddress !== null && request.socket.remoteAddress !== proxyAddress) this.direct++;
      const page = Number(/^\/list\?page=(\d+)$/.exec(request.url ?? '')?.[1] ?? 0);
      response.setHeader('content-type', 'text/html; charset=utf-8');
      if (page === 0) {
        response.writeHead(404).end();
        return;
      }
      const answer = (): void => void response.end(html(page, options.pages));
      response.once('finish', () => {
        this.answered.push(page);
        this.breakWhenDue();
      });
      response.once('close', () => this.waiting.delete(answer));
      if (page < options.breakAt || this.isMended) answer();
      else this.waiting.add(answer);
      this.breakWhenDue();
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(0, '127.0.0.1', resolve);
    });
    return this;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get template(): string {
    return `http://${this.host}/list?page={page}`;
  }

  mended(): void {
    this.isMended = true;
    for (const answer of this.waiting) answer();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private breakWhenDue(): void {
    const { breakAt, onBreak } = this.options;
    const due = this.waiting.size > 0 && new Set(this.answered).size === breakAt - 1;
    if (!due || this.broken) return;
    this.broken = true;
    onBreak();
  }
}
