import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type {
  BrowserEgress,
  BrowserEgressLimits,
  BrowserEgressOptions,
  EgressRefusal,
  ProxyProblem,
} from '#libs/engine/ports';
import { PageMeter } from './browser-connection.js';
import { urlOfAuthority, urlOfRequest } from './browser-headers.js';
import { refusal, Refusals } from './browser-refusals.js';
import { serveRequest, serveTunnel, type Serving } from './browser-requests.js';
import { serveUpgrade } from './browser-upgrade.js';
import type { RouteSets } from './routes.js';

const MB = 1024 * 1024;
export const BROWSER_LIMITS: BrowserEgressLimits = {
  maxConnections: 128,
  maxConnectionBytes: 64 * MB,
  maxPageBytes: 128 * MB,
  connectTimeoutMs: 10_000,
  idleMs: 60_000,
  maxConnectionMs: 10 * 60_000,
};

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const UNKNOWN =
  'HTTP/1.1 407 Credentials\r\nProxy-Authenticate: Basic realm="egress"\r\nContent-Length: 0\r\n';

/** See the port. One listening socket; its sockets end with it. */
export class BrowserProxy implements BrowserEgress {
  readonly username = 'browser';
  readonly password = randomBytes(24).toString('base64url');
  private readonly expected = digest(
    `Basic ${Buffer.from(`${this.username}:${this.password}`).toString('base64')}`,
  );
  private readonly found = new Refusals();
  private readonly meter: PageMeter;
  private readonly sockets = new Set<Socket>();
  private readonly closing = new AbortController();
  private readonly http: Server;

  constructor(
    private readonly routes: RouteSets,
    private readonly options: BrowserEgressOptions,
  ) {
    // Every connection that is being opened listens.
    setMaxListeners(0, this.closing.signal);
    this.meter = new PageMeter({ ...BROWSER_LIMITS, ...options.limits });
    this.http = createServer({ maxHeaderSize: 64 * 1024, keepAliveTimeout: 30_000, requestTimeout: 0 });
    this.http.maxConnections = this.meter.limits.maxConnections;
    this.http
      .on('connection', (socket: Socket) => this.keep(socket))
      .on('request', (asked: IncomingMessage, response: ServerResponse) => this.request(asked, response))
      .on('connect', (asked: IncomingMessage, socket: Duplex, head: Buffer) =>
        this.raw(asked, socket, urlOfAuthority(asked.url ?? ''), (url, by) =>
          serveTunnel(url, socket, head, by),
        ),
      )
      .on('upgrade', (asked: IncomingMessage, socket: Duplex) =>
        this.raw(asked, socket, urlOfRequest(asked.url ?? ''), (url, by) =>
          serveUpgrade(url, asked, socket, by),
        ),
      )
      .on('clientError', (_error: Error, socket: Duplex) => socket.destroy());
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve, reject) =>
      this.http.once('error', reject).listen(0, '127.0.0.1', resolve),
    );
    return this;
  }

  get server(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  refusalOf(url: string): EgressRefusal | null {
    return this.found.of(url);
  }

  refusals(): readonly EgressRefusal[] {
    return this.found.all();
  }

  proxyProblem(): ProxyProblem | null {
    return this.found.proxyProblem;
  }

  receivedBytes(): number {
    return this.meter.received;
  }

  forget(): void {
    this.found.forget();
    this.meter.received = 0;
  }

  async close(): Promise<void> {
    this.closing.abort();
    if (!this.http.listening) return;
    const closed = new Promise<void>((resolve) => this.http.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => this.sockets.delete(socket));
  }

  /** Another user of this machine could find the port, and would have a way out that says it is us. */
  private knows({ headers }: IncomingMessage): boolean {
    return timingSafeEqual(digest(headers['proxy-authorization'] ?? ''), this.expected);
  }

  private request(asked: IncomingMessage, response: ServerResponse): void {
    if (!this.knows(asked)) {
      response.writeHead(407, { 'proxy-authenticate': 'Basic realm="egress"', 'content-length': 0 }).end();
      return;
    }
    const url = urlOfRequest(asked.url ?? '');
    if (url === null) return void response.writeHead(400, { 'content-length': 0 }).end();
    void serveRequest(url, asked, response, this.serving());
  }

  private raw(
    asked: IncomingMessage,
    socket: Duplex,
    url: string | null,
    serve: (url: string, by: Serving) => Promise<void>,
  ): void {
    if (!this.knows(asked)) return void socket.end(`${UNKNOWN}Connection: close\r\n\r\n`);
    if (url === null) return void socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    void serve(url, this.serving());
  }

  private serving(): Serving {
    const { allowPrivate, proxy } = this.options;
    const timeoutMs = this.meter.limits.connectTimeoutMs;
    return {
      ...this.routes.of({ allowPrivate, proxy, timeoutMs }),
      meter: this.meter,
      signal: this.closing.signal,
      refuse: (url, error) => {
        if (!this.closing.signal.aborted) this.found.add(refusal(url, error));
      },
    };
  }
}
