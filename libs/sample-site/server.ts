import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { encodeText } from './encode.js';
import { smallPdf } from './pdf.js';
import { brokenPage, missingPage } from './plain-pages.js';
import { ROBOTS_TXT, routes, SLOW_PAGE_MS } from './routes.js';

export interface SampleSiteOptions {
  /** 0 or left out: any free port. */
  port?: number | undefined;
  host?: string | undefined;
  /** Wait before each answer but robots.txt, ms. */
  pageDelayMs?: number | undefined;
}

export interface SiteAccess {
  /** Path and query as requested. */
  path: string;
  /** ms since the epoch, when the request came. */
  at: number;
  status: number;
}

export interface SampleSite {
  /** Without a slash at its end. */
  url: string;
  port: number;
  /** Every request so far, robots.txt included, in the order of arrival. */
  accessLog(): SiteAccess[];
  /** Ends open connections, too. */
  close(): Promise<void>;
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  delayMs: number;
}

const text = (status: number, type: string, body: Buffer, delayMs = 0): Answer => ({
  status,
  headers: { 'content-type': type },
  body,
  delayMs,
});

/** What a path answers; `failedOnce` is the memory of the pages that fail at their first request. */
function answer(path: string, failedOnce: Set<string>): Answer {
  if (path === '/robots.txt') return text(200, 'text/plain; charset=utf-8', Buffer.from(ROBOTS_TXT));
  const route = routes.get(path);
  if (!route) return text(404, 'text/html; charset=utf-8', encodeText(missingPage(path), 'utf-8'));
  if (route.kind === 'redirect') {
    return { status: route.status, headers: { location: route.location }, body: Buffer.alloc(0), delayMs: 0 };
  }
  if (route.kind === 'pdf') return text(200, 'application/pdf', smallPdf(route.text));
  if (route.flaky && !failedOnce.has(path)) {
    failedOnce.add(path);
    return text(500, 'text/html; charset=utf-8', encodeText(brokenPage(), 'utf-8'));
  }
  const body = encodeText(route.render(), route.charset);
  return text(200, route.header, body, route.slow ? SLOW_PAGE_MS : 0);
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Answer): void {
  const gzip = body.length > 500 && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const payload = gzip ? gzipSync(body, { level: 1 }) : body;
  response.writeHead(status, {
    ...headers,
    ...(gzip ? { 'content-encoding': 'gzip' } : {}),
    vary: 'Accept-Encoding',
    'content-length': payload.length,
  });
  response.end(request.method === 'HEAD' ? undefined : payload);
}

/** Serves the sample site, the same on every machine; only the pages that fail once remember anything. */
export async function startSampleSite(options: SampleSiteOptions = {}): Promise<SampleSite> {
  const host = options.host ?? '127.0.0.1';
  const log: SiteAccess[] = [];
  const failedOnce = new Set<string>();
  const timers = new Set<NodeJS.Timeout>();

  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const allowed = request.method === 'GET' || request.method === 'HEAD';
    const reply = allowed
      ? answer(path, failedOnce)
      : text(405, 'text/plain', Buffer.from('GET or HEAD only\n'));
    log.push({ path, at: Date.now(), status: reply.status });
    const wait = reply.delayMs + (path === '/robots.txt' ? 0 : (options.pageDelayMs ?? 0));
    if (wait === 0) return send(request, response, reply);
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!response.destroyed) send(request, response, reply);
    }, wait);
    timers.add(timer);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    accessLog: () => [...log],
    close: () =>
      new Promise<void>((resolve, reject) => {
        for (const timer of timers) clearTimeout(timer);
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
