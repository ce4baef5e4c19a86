import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { FetchRequest, ProxyEndpoint, ProxyResolver, ProxyRoute } from '#libs/engine/ports';
import { resolvedJobSpec } from '#libs/events';

/** A server on a port of its own that can be ended with all its connections, and counts them. */
export interface TestServer {
  origin: string;
  port: number;
  /** Connections ever accepted, and those still open. */
  accepted(): number;
  open(): number;
  close(): Promise<void>;
}

async function listen(server: Server | HttpServer): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    accepted: () => accepted,
    open: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

export const httpServer = (listener: RequestListener): Promise<TestServer> =>
  listen(createHttpServer(listener));

/** Says whatever it likes once the head of a request is here. */
export const rawServer = (talk: (socket: Socket, head: string) => void): Promise<TestServer> =>
  listen(createServer((socket) => socket.once('data', (head) => talk(socket, head.toString('latin1')))));

export const request = (url: string, over: Partial<FetchRequest> = {}): FetchRequest => ({
  url,
  userAgent: 'Test/1.0',
  timeoutMs: 5000,
  maxBodyBytes: 1024 * 1024,
  maxRedirects: 10,
  readBody: true,
  signal: new AbortController().signal,
  ...over,
});

/** A resolver that knows one proxy. */
export const oneProxy = (url: string, over: Partial<ProxyEndpoint> = {}): ProxyResolver => ({
  resolve: () => ({ url, trusted: true, headers: {}, tunnelKey: null, ...over }),
});

export const route = (spec: Record<string, unknown> = {}, session = 'job.1'): ProxyRoute => ({
  spec: resolvedJobSpec.parse({ proxy: spec }).proxy!,
  session,
});
