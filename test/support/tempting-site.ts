import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Canary } from './browser-canary.js';

/** Everything by which a page makes a browser connect, each under a path of its own at the canary. */
function temptingPage({ port, silentPort, udpPort, otherUdpPort }: Canary): string {
  const at = (kind: string): string => `http://127.0.0.1:${port}/k/${kind}`;
  return `<!doctype html><html><head><title>tempting</title>
<link rel="stylesheet" href="${at('style')}">
<style>@import url(${at('style-import')}); @font-face { font-family: f; src: url(${at('font')}); }
  #font { font-family: f } #background { background: url(${at('background')}); width: 9px; height: 9px }</style>
<link rel="preload" as="script" href="${at('preload')}">
<link rel="prefetch" href="${at('prefetch')}">
<link rel="modulepreload" href="${at('modulepreload')}">
<link rel="preconnect" href="http://127.0.0.1:${silentPort}">
<link rel="dns-prefetch" href="//prefetched.test">
<script src="${at('script')}"></script>
<script type="module" src="${at('module')}"></script>
<script type="speculationrules">{"prefetch": [{"source": "list", "urls": ["/redirect/speculation"]}]}</script>
</head><body>
<p id="font">text</p><p id="background"></p>
<img src="${at('img')}"><img src="/redirect/redirected-img"><img src="http://localhost:${port}/k/by-name">
<img src="http://[::1]:${port}/k/ipv6"><img src="https://127.0.0.1:${port}/k/https">
<iframe src="${at('iframe')}"></iframe><iframe src="/redirect/redirected-iframe"></iframe>
<iframe src="file:///etc/passwd"></iframe><iframe src="/meta-refresh"></iframe><iframe src="/js-location"></iframe>
<iframe name="target"></iframe><form id="form" method="post" target="target" action="${at('form')}"></form>
<object data="${at('object')}"></object><embed src="${at('embed')}">
<video src="${at('video')}"></video><audio src="${at('audio')}"></audio>
<svg><image href="${at('svg-image')}"/></svg>
<script>
const quiet = (work) => { try { Promise.resolve(work()).catch(() => {}) } catch {} };
quiet(() => fetch('${at('fetch')}'));
quiet(() => fetch('${at('no-cors')}', { mode: 'no-cors', keepalive: true }));
quiet(() => fetch('/redirect/redirected-fetch'));
quiet(() => { const xhr = new XMLHttpRequest(); xhr.open('GET', '${at('xhr')}'); xhr.send(); });
quiet(() => navigator.sendBeacon('${at('beacon')}', 'x'));
quiet(() => new EventSource('${at('eventsource')}'));
quiet(() => new WebSocket('ws://127.0.0.1:${port}/k/websocket'));
quiet(() => new WebSocket('wss://127.0.0.1:${port}/k/wss'));
quiet(() => import('${at('import')}'));
quiet(() => new Worker('/worker.js'));
quiet(() => new SharedWorker('/shared-worker.js'));
quiet(() => navigator.serviceWorker.register('/service-worker.js'));
quiet(() => document.getElementById('form').submit());
quiet(() => window.open('${at('popup')}'));
quiet(() => new WebTransport('https://127.0.0.1:${otherUdpPort}/').ready.catch(() => fetch('/done/webtransport')));
const gather = async (urls, done) => {
  const peer = new RTCPeerConnection({ iceServers: [{ urls, username: 'u', credential: 'p' }] });
  peer.onicegatheringstatechange = () => { if (peer.iceGatheringState === 'complete') done(); };
  peer.createDataChannel('x');
  await peer.setLocalDescription(await peer.createOffer());
};
quiet(() => gather('stun:127.0.0.1:${udpPort}', () => fetch('/done/ice')));
quiet(() => gather('turn:127.0.0.1:${silentPort}?transport=tcp', () => {}));
</script></body></html>`;
}

const workerScript = (origin: string, kind: string): string =>
  `const at = (kind) => '${origin}/k/${kind}-' + kind;
fetch(at('fetch'), { mode: 'no-cors' }).catch(() => {});
try { importScripts(at('import')); } catch {}`;

export interface TemptingSite {
  origin: string;
  port: number;
  /** Serves these bodies, by path, on top of its own pages. */
  pages: Map<string, string>;
  /** Paths that were asked for. */
  asked: Set<string>;
  close(): Promise<void>;
}

/** Serves a page that tries everything to reach the canary. */
export async function startTemptingSite(canary: Canary): Promise<TemptingSite> {
  const target = `http://127.0.0.1:${canary.port}`;
  const pages = new Map<string, string>([
    ['/', temptingPage(canary)],
    ['/meta-refresh', `<meta http-equiv="refresh" content="0;url=${target}/k/meta-refresh">`],
    ['/js-location', `<script>location.href = '${target}/k/js-location'</script>`],
  ]);
  const scripts = new Map([
    // One of them only: a browser delays WebSockets more and more when they fail.
    [
      '/worker.js',
      `new WebSocket('${target.replace('http', 'ws')}/k/worker-websocket');${workerScript(target, 'worker')}`,
    ],
    ['/shared-worker.js', workerScript(target, 'shared-worker')],
    ['/service-worker.js', workerScript(target, 'service-worker')],
  ]);
  const asked = new Set<string>();
  const server: Server = createServer(({ url = '' }, response) => {
    asked.add(url);
    const redirected = /^\/redirect\/([\w-]+)$/.exec(url)?.[1];
    if (redirected) return void response.writeHead(302, { location: `${target}/k/${redirected}` }).end();
    const [body, type] = scripts.has(url)
      ? [scripts.get(url), 'text/javascript']
      : [pages.get(url) ?? 'plain', 'text/html'];
    response.writeHead(200, { 'content-type': type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...{ origin: `http://127.0.0.1:${port}`, port, pages, asked },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
