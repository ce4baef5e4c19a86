import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { answerOf, misbehave, type DemoFault } from './faults.js';

export interface DemoProxyOptions {
  user: string;
  password: string;
  /** Default 0: any free port. */
  port?: number;
  /** Address that it speaks to targets from, so that a target can tell its requests from direct ones. */
  localAddress?: string;
  /** PEM of an https proxy; without, it is spoken to in plain HTTP. */
  tls?: { key: string; cert: string };
  /** Time that the fault `slow` takes, ms (default 60,000). */
  slowMs?: number;
}

export interface DemoProxyEntry {
  method: string;
  /** `host:port` of a CONNECT, the URL of a forwarded request. */
  target: string;
  user: string | null;
  accepted: boolean;
}

/** A forward proxy for demonstrations and tests: CONNECT and plain forwarding, Basic authentication, faults by switch. */
export interface DemoProxy {
  /** With credentials, as they are now. */
  readonly url: string;
  readonly port: number;
  /** Breaks it in this way, open tunnels included, or mends it (null). */
  fault(kind: DemoFault | null): Promise<void>;
  /** From now on only these credentials are taken. */
  credentials(user: string, password: string): void;
  /** Requests accepted so far: tunnels and forwarded ones. */
  connects(): number;
  readonly log: readonly DemoProxyEntry[];
  close(): Promise<void>;
}

class Proxy implements DemoProxy {
  readonly log: DemoProxyEntry[] = [];
  port = 0;
  private kind: DemoFault | null = null;
  private readonly clients = new Set<Socket>();
  private readonly upstreams = new Set<Socket>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly server;

  constructor(private readonly options: DemoProxyOptions) {
    const { tls } = options;
    this.server = tls ? createTlsServer(tls) : createServer();
    this.server.on('connection', (socket: Socket) => {
      this.clients.add(socket);
      socket.on('error', () => undefined).on('close', () => this.clients.delete(socket));
      if (tls && this.kind === 'tls') socket.end('this is no TLS');
    });
    this.server.on('connect', (asked: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.guarded(asked, asked.url ?? '', socket, () => this.tunnel(asked.url ?? '', socket, head)),
    );
    this.server.on('request', (asked: IncomingMessage, response: ServerResponse) =>
      this.guarded(asked, asked.url ?? '', asked.socket, () => this.forward(asked, response)),
    );
  }

  get url(): string {
    const { user, password, tls } = this.options;
    const at = `${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${this.port}`;
    return `${tls ? 'https' : 'http'}://${at}`;
  }

  async listen(): Promise<this> {
    this.server.listen(this.port || (this.options.port ?? 0), '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
    return this;
  }

  async fault(kind: DemoFault | null): Promise<void> {
    this.kind = kind;
    // Nobody may come in between while the open connections are cut.
    if (kind === 'refuse') return this.stop();
    if (kind === 'hang') for (const socket of [...this.clients, ...this.upstreams]) socket.pause();
    else this.cutAll();
    if (!this.server.listening) await this.listen();
  }

  credentials(user: string, password: string): void {
    Object.assign(this.options, { user, password });
  }

  connects(): number {
    return this.log.filter(({ accepted }) => accepted).length;
  }

  async close(): Promise<void> {
    this.cutAll();
    await this.stop();
  }

  private async stop(): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    this.cutAll();
    await once(this.server, 'close');
  }

  private cutAll(): void {
    for (const timer of this.timers) clearTimeout(timer);
    for (const socket of [...this.clients, ...this.upstreams]) socket.destroy();
  }

  private guarded(asked: IncomingMessage, target: string, socket: Duplex, serve: () => void): void {
    socket.on('error', () => undefined);
    const [user, password] = credentialsOf(asked);
    const entry = { method: asked.method ?? '', target, user, accepted: false };
    this.log.push(entry);
    if (misbehave(this.kind, socket)) return;
    if (user !== this.options.user || password !== this.options.password) {
      misbehave('407', socket);
      return;
    }
    const accept = (): void => {
      entry.accepted = true;
      serve();
    };
    if (this.kind !== 'slow') return accept();
    const timer = setTimeout(accept, this.options.slowMs ?? 60_000);
    this.timers.add(timer);
  }

  private tunnel(target: string, socket: Duplex, head: Buffer): void {
    const { hostname, port } = new URL(`http://${target}`);
    const upstream = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port) || 80,
      ...(this.options.localAddress ? { localAddress: this.options.localAddress } : {}),
    });
    this.upstreams.add(upstream);
    upstream.once('connect', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on('error', () =>
      socket.writable
        ? socket.end(answerOf(503, 'Service Unavailable', { 'X-Squid-Error': 'ERR_CONNECT_FAIL 111' }))
        : undefined,
    );
    upstream.on('close', () => {
      this.upstreams.delete(upstream);
      socket.end();
    });
    socket.on('close', () => upstream.destroy());
  }

  private forward(asked: IncomingMessage, response: ServerResponse): void {
    const { 'proxy-authorization': _secret, 'proxy-connection': _hop, ...headers } = asked.headers;
    const passed = request(asked.url ?? '', {
      method: asked.method,
      headers,
      agent: false,
      ...(this.options.localAddress ? { localAddress: this.options.localAddress } : {}),
    });
    passed.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, { ...answer.headers, via: '1.1 demo' });
      answer.pipe(response);
    });
    passed.on('error', () =>
      asked.socket.end(answerOf(503, 'Service Unavailable', { 'X-Squid-Error': 'ERR_CONNECT_FAIL 111' })),
    );
    passed.end();
  }
}

function credentialsOf(asked: IncomingMessage): [string | null, string | null] {
  const [scheme, token = ''] = (asked.headers['proxy-authorization'] ?? '').split(' ');
  if (scheme !== 'Basic') return [null, null];
  const [user = '', ...password] = Buffer.from(token, 'base64').toString('utf8').split(':');
  return [user, password.join(':')];
}

export const startDemoProxy = (options: DemoProxyOptions): Promise<DemoProxy> =>
  new Proxy({ ...options }).listen();
