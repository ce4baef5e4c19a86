// A site of a process of its own: node bench/site/server.mjs <pages> [latency ms] [hosts]. Says {"port":…} by IPC when all pages are ready.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
import { Site } from './pages.mjs';

const pages = Number(process.argv[2]);
const latency = Number(process.argv[3] ?? 0);
/** 127.0.0.1 and so many after it, all on one port. */
const hosts = Number(process.argv[4] ?? 1);
const site = new Site(pages);
const bodies = new Map();
for (let i = 0; i < pages; i += 1) bodies.set(site.path(i), gzipSync(site.html(i), { level: 4 }));
const failed = new Set();
let requests = 0;

function answer(request, response) {
  const { url } = request;
  requests += 1;
  if (url === '/robots.txt') return response.end(site.robots());
  const moved = /^\/moved\/(\d+)$/.exec(url);
  if (moved) {
    response.writeHead(301, { location: site.target(Number(moved[1])) });
    return response.end();
  }
  const body = bodies.get(url);
  if (!body) {
    response.statusCode = 404;
    return response.end('<title>Not found</title>');
  }
  if (url.startsWith('/once-failing/') && !failed.has(url)) {
    failed.add(url);
    response.statusCode = 500;
    return response.end();
  }
  const gzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  if (!gzip) response.statusCode = 406;
  response.writeHead(response.statusCode, {
    'content-type': 'text/html',
    'content-encoding': 'gzip',
    'content-length': body.length,
  });
  return response.end(gzip ? body : undefined);
}

const listener = (request, response) => {
  if (latency > 0) setTimeout(() => answer(request, response), latency);
  else answer(request, response);
};
const listen = async (host, port) => {
  const server = createServer(listener);
  server.keepAliveTimeout = 60_000;
  server.listen(port, host);
  await once(server, 'listening');
  return server.address().port;
};
const port = await listen('127.0.0.1', 0);
for (let i = 2; i <= hosts; i += 1) await listen(`127.0.0.${i}`, port);
process.send({ port });
process.on('message', (message) => {
  process.send({ requests, ...(message === 'paths' && { paths: [...bodies.keys()] }) });
  if (message !== 'reset') return;
  failed.clear();
  requests = 0;
});
process.on('disconnect', () => process.exit());
