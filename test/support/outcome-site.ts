import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Answer = (response: ServerResponse, asked: number) => void;

const page =
  (statusCode: number, body = `<title>HTTP ${statusCode}</title>`): Answer =>
  (response) =>
    void response.writeHead(statusCode, { 'content-type': 'text/html' }).end(body);
const redirect =
  (statusCode: number, location?: string): Answer =>
  (response) =>
    void response.writeHead(statusCode, location === undefined ? {} : { location }).end();

/** Hops of `/hops/0`, which ends behind the last that a job follows. */
const HOPS = 11;

const ANSWERS: Record<string, Answer> = {
  '/robots.txt': (response) =>
    void response.end('User-agent: *\nDisallow: /private/ # keep out\nAllow: /private/open\n'),
  '/ok': page(200, '<title>Fine</title><a href="/logout">out</a><a href="/linked">in</a>'),
  '/linked': page(200),
  '/missing': page(404),
  '/forbidden': page(403),
  '/broken': page(503),
  '/limited': page(429),
  '/flaky': (response, asked) => page(asked === 1 ? 500 : 200)(response, asked),
  '/mended': (response, asked) => page(asked <= 3 ? 502 : 200, '<title>Mended</title>')(response, asked),
  '/silent': () => undefined,
  '/moved': redirect(301, '/ok-moved'),
  '/ok-moved': page(200, '<title>Moved here</title>'),
  '/loop': redirect(302, '/loop-back'),
  '/loop-back': redirect(307, '/loop'),
  '/bad-location': redirect(302, 'http://'),
  '/no-location': redirect(303),
  '/blocked-location': redirect(308, 'http://169.254.169.254/latest/meta-data/'),
  '/private/page': page(200, '<title>Private</title><a href="/private/linked">never followed</a>'),
  '/private/missing': page(404),
  '/private/open': page(200, '<title>Open</title>'),
};

/** One page for each way in which a page can end. */
export class OutcomeSite {
  /** Path → requests. */
  readonly asked = new Map<string, number>();
  private readonly server: Server;

  constructor(private readonly robots?: Answer) {
    this.server = createServer((request, response) => this.answer(request, response));
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer({ url = '/' }: IncomingMessage, response: ServerResponse): void {
    const asked = (this.asked.get(url) ?? 0) + 1;
    this.asked.set(url, asked);
    const hop = Number(/^\/hops\/(\d+)$/.exec(url)?.[1] ?? NaN);
    const found =
      url === '/robots.txt' && this.robots
        ? this.robots
        : Number.isNaN(hop)
          ? (ANSWERS[url] ?? page(404))
          : hop < HOPS
            ? redirect(302, `/hops/${hop + 1}`)
            : page(200);
    found(response, asked);
  }
}
