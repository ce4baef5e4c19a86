import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One page request as the site saw it, ms of its own monotonic clock. */
export interface Visit {
  path: string;
  began: number;
  /** Its answer was handed to the system; before that the client cannot have seen the end. */
  ended: number;
}

export interface LoggingSiteOptions {
  pages: number;
  /** Time to answer a page, ms. */
  answerMs: number;
  robots?: string;
  /** Time to answer robots.txt, ms (default 0). */
  robotsMs?: number;
  /** Path that answers 429 at its first request. */
  limited?: string;
}

/** A site that writes down when each page request began and ended: the only witness that counts. */
export class LoggingSite {
  readonly visits: Visit[] = [];
  robotsAsked = 0;
  private readonly server: Server;

  constructor(private readonly options: LoggingSiteOptions) {
    const { pages, answerMs, robots = '', robotsMs = 0 } = options;
    this.server = createServer((request, response) => {
      const path = request.url ?? '/';
      if (path === '/robots.txt') {
        this.robotsAsked++;
        setTimeout(() => response.end(robots), robotsMs);
        return;
      }
      const visit = { path, began: performance.now(), ended: Infinity };
      const isLimited = path === options.limited && !this.visits.some((one) => one.path === path);
      this.visits.push(visit);
      setTimeout(() => {
        visit.ended = performance.now();
        response.writeHead(isLimited ? 429 : 200, { 'content-type': 'text/html' });
        response.end(path === '/' ? links(pages) : '<title>page</title>');
      }, answerMs);
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Most page requests that were under way at one moment. */
  get mostAtOnce(): number {
    return Math.max(
      ...this.visits.map(
        ({ began }) => this.visits.filter((one) => one.began <= began && one.ended > began).length,
      ),
    );
  }

  /** From the beginning of each page request to that of the next, ms. */
  get gaps(): number[] {
    const began = this.visits.map((visit) => visit.began);
    return began.slice(1).map((at, i) => at - began[i]!);
  }

  /** From the end of each page request to the beginning of the next, ms; for sites that are visited one at a time. */
  get rests(): number[] {
    return this.visits.slice(1).map(({ began }, i) => began - this.visits[i]!.ended);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

const links = (pages: number): string =>
  Array.from({ length: pages }, (_, i) => `<a href="/p/${i}">page ${i}</a>`).join('');
