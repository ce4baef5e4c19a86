import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createKeyHasher, installationSecret, newId, systemClock } from '#libs/adapters/system';
import { loadConfig } from '#libs/config';
import { Keys } from '#libs/engine/accounts';
import { failures, scrapeFailures } from '#libs/failures';
import { openResources, type Resources } from '#libs/hosting';
import { createTestDatabase, startTestNats, until, type TestDatabase, type TestNats } from '#libs/testing';
import { base58, TestChain } from '#libs/testing/chain';
import { startApi } from '../index.js';
import { Draw } from './test-support/draw.js';
import { leakIn } from './test-support/leaks.js';
import { oddBody, oddHeaders, oddText, oddUrl, oddValue } from './test-support/odd-values.js';

/**
 * The same ones each time, so that a change is to blame when one fails. More of them, drawn anew: SPOOR_FUZZ=10000 npm test -- fuzz
 * --selectProjects int; those of a run again: SPOOR_FUZZ_SEED.
 */
const SCRAPES = Number(process.env['SPOOR_FUZZ'] ?? 1000);
const DRAWN = process.env['SPOOR_FUZZ'] === undefined ? 8 : randomInt(2 ** 31);
const SEED = Number(process.env['SPOOR_FUZZ_SEED'] ?? DRAWN);
const OF_A_ROUTE = 12;
const AT_ONCE = 16;
const PATIENCE = 60_000 + SCRAPES * 60;
const MB = 1024 * 1024;
const MAX_GROWTH = 250 * MB;

const PAGES = [
  '/',
  '/json',
  '/gone',
  '/reset',
  '/bomb',
  '/broken',
  '/loop',
  '/away',
  '/binary',
  '/long',
  '/odd-head',
];

/** Half a character cannot stand in a path. */
const wellFormed = (text: string): string => Buffer.from(text).toString();

interface Answer {
  what: string;
  status: number;
  type: string;
  text: string;
}

describe('odd requests', () => {
  const chain = new TestChain();
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const draw = new Draw(SEED);
  let nats: TestNats;
  let store: TestDatabase;
  let home: string;
  let target: Server;
  let site: string;
  let resources: Resources;
  let api: { url: string; close(): Promise<void> };
  const keys: string[] = [];
  let own: string[];

  beforeAll(async () => {
    console.info(`fuzz: seed ${SEED}, ${SCRAPES} scrapes`);
    [nats, store] = await Promise.all([startTestNats(), createTestDatabase(), chain.listen()]);
    home = mkdtempSync(join(tmpdir(), 'spoor-fuzz-'));
    const bomb = gzipSync(Buffer.alloc(32 * MB));
    target = createServer(({ url }, response) => {
      const path = url!.split('?')[0]!;
      if (path === '/gone') return response.writeHead(404).end('at odd.ts:1');
      if (path === '/reset') return response.socket!.resetAndDestroy();
      if (path === '/bomb') return response.setHeader('content-encoding', 'gzip').end(bomb);
      if (path === '/broken') return response.setHeader('content-encoding', 'br').end('odd');
      if (path === '/loop') return response.writeHead(302, { location: url }).end();
      if (path === '/away') return response.writeHead(302, { location: 'http://10.1.2.3/' }).end();
      if (path === '/binary')
        return response.setHeader('content-type', 'text/html').end(Buffer.from([0, 1, 2]));
      if (path === '/long') return response.end(Buffer.alloc(3 * MB, 'x'));
      if (path === '/odd-head') return response.socket!.end('HTTP/1.1 999 \u0001\r\nOdd\r\n\r\n');
      if (path === '/json') return response.setHeader('content-type', 'application/json').end('{"a":1}');
      return response.setHeader('content-type', 'text/html').end('<p>here</p>');
    });
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
    const targetPort = (target.address() as AddressInfo).port;
    site = `http://127.0.0.1:${targetPort}`;
    const config = loadConfig({
      ...{ NATS_URL: nats.url, DATABASE_URL: store.url, SPOOR_HOME: home, SPOOR_PORT: '0' },
      ...{ SPOOR_LOG_LEVEL: 'silent', SPOOR_ALLOW_PRIVATE: new URL(site).host },
      // Each request comes from an address of its own, so that no limit hides what is behind it.
      ...{ SPOOR_TRUSTED_PROXIES: '127.0.0.1', SPOOR_SOLANA_RPC_URL: chain.url, SPOOR_WATT_MINT: chain.mint },
      SPOOR_WATT_RECIPIENT: chain.recipient,
    });
    resources = await openResources(config, { name: 'fuzz' });
    api = await startApi(resources);
    const hasher = createKeyHasher(installationSecret({ given: null, home, mayGenerate: false }));
    const log = await resources.log.accounts();
    const maker = new Keys({ log, hasher, clock: systemClock, newId });
    for (let i = 0; i < Math.max(2, SCRAPES / 1000); i += 1)
      keys.push((await maker.create({ tier: 'premium', scopes: ['scrape'] })).key);
    for (const key of keys)
      await until(async () => (await fetch(`${api.url}/api/v1/usage`, { headers: { 'x-api-key': key } })).ok);
    const { port: postgresPort, password } = new URL(store.url);
    own = [
      home,
      process.cwd(),
      `:${nats.port}`,
      `:${postgresPort}`,
      `:${password}@`,
      `:${new URL(chain.url).port}`,
    ];
  }, 120_000);
  afterAll(async () => {
    agent.destroy();
    await api.close();
    await resources.close();
    chain.close();
    target.closeAllConnections();
    target.close();
    await Promise.all([nats.stop(), store.drop()]);
    rmSync(home, { recursive: true, force: true });
  });

  /** Whatever Node's own client would not send is not sent. */
  function send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: Buffer,
  ): Promise<Answer> {
    const what = `${method} ${path.slice(0, 200)} ${JSON.stringify(headers).slice(0, 400)} ${body?.toString('utf8', 0, 400) ?? ''}`;
    return new Promise((resolve) => {
      const end = (status: number, type: string, text: string): void => resolve({ what, status, type, text });
      try {
        const request = httpRequest(api.url + path, { method, headers, agent }, (response) => {
          const chunks: Buffer[] = [];
          const type = response.headers['content-type'] ?? '';
          // Streams have no end of their own.
          if (type.startsWith('text/event-stream'))
            return void (request.destroy(), end(response.statusCode!, type, ''));
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => end(response.statusCode!, type, Buffer.concat(chunks).toString()));
          response.on('error', () => end(-1, type, ''));
        });
        // The server may answer before it has read all.
        request.on('error', () => end(0, '', ''));
        request.end(body);
      } catch {
        end(0, '', '');
      }
    });
  }

  function scrapeBody(): unknown {
    if (draw.chance(0.08)) return oddValue(draw);
    const body: Record<string, unknown> = {
      url: draw.chance(0.9) ? oddUrl(draw, site, PAGES) : oddValue(draw),
    };
    const maybe = (name: string, share: number, good: () => unknown): void => {
      if (draw.chance(share)) body[name] = draw.chance(0.5) ? good() : oddValue(draw);
    };
    maybe('format', 0.5, () => draw.pick(['text', 'html', 'json', 'JSON ']));
    maybe('wallet', 0.3, () => base58(32));
    maybe('tx_signature', 0.3, () => base58(64));
    maybe('region', 0.1, () => 'nowhere');
    maybe('node', 0.05, () => 'nobody');
    maybe('fallback', 0.05, () => draw.chance(0.5));
    if (draw.chance(0.1)) body[oddText(draw)] = oddValue(draw);
    return body;
  }

  function oddScrape(): Promise<Answer> {
    const { bytes, headers } = oddBody(draw, scrapeBody());
    const sent: Record<string, string> = {
      ...{ ...oddHeaders(draw), ...headers },
      'x-forwarded-for': `${draw.int(1, 223)}.${draw.int(0, 255)}.${draw.int(0, 255)}.${draw.int(0, 255)}`,
    };
    if (draw.chance(0.7))
      sent['x-api-key'] = draw.chance(0.9) ? draw.pick(keys) : `spoor_${draw.int(0, 1e9)}`;
    return send('POST', '/api/v1/scrape', sent, bytes);
  }

  async function many(count: number, one: () => Promise<Answer>): Promise<Answer[]> {
    const answers: Answer[] = [];
    let left = count;
    const work = async (): Promise<void> => {
      while (left-- > 0) answers.push(await one());
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return answers;
  }

  const leaks = (answers: readonly Answer[], isScrape: boolean): unknown[] =>
    answers
      .filter(({ status }) => status >= 400)
      .map(({ what, text, status }) => ({
        leak: leakIn(text, isScrape, own),
        what,
        status,
        text: text.slice(0, 300),
      }))
      .filter(({ leak }) => leak !== null);

  it(
    'at the scrape endpoint: every answer is one of the documented ones, and tells nothing of us',
    async () => {
      await many(100, oddScrape);
      const before = process.memoryUsage().rss;
      const answers = await many(SCRAPES, oddScrape);
      expect(leaks(answers, true)).toEqual([]);
      const odd = answers.filter(({ status, type, text }) => {
        if (status === 0) return false;
        if (!/^application\/(problem\+)?json/.test(type)) return true;
        const answer = JSON.parse(text) as { error?: string | { code: string }; code?: string };
        if (status === 200) return false;
        // One that is refused for its Host has not reached the endpoint.
        if (typeof answer.error === 'object') return status !== 403;
        const code = answer.error ?? answer.code ?? '';
        const { http } = scrapeFailures[code as keyof typeof scrapeFailures] ?? { http: 0 };
        return code === 'internal_error' || (http !== status && ![413, 415, 403].includes(status));
      });
      expect(odd.slice(0, 5)).toEqual([]);
      const byCode = new Map<string, number>();
      for (const { status, text } of answers) {
        const code =
          status === 200 ? 'served' : (/"(?:error|code)":"(\w+)"/.exec(text)?.[1] ?? `status ${status}`);
        byCode.set(code, (byCode.get(code) ?? 0) + 1);
      }
      if (SCRAPES > 1000) console.info(JSON.stringify(Object.fromEntries(byCode)));
      // Requests that all fail at the first check would show nothing.
      expect(byCode.size).toBeGreaterThan(14);
      expect(process.memoryUsage().rss - before).toBeLessThan(MAX_GROWTH);
      const good = await send(
        'POST',
        '/api/v1/scrape',
        { 'content-type': 'application/json', 'x-api-key': keys[0]! },
        Buffer.from(JSON.stringify({ url: `${site}/?good` })),
      );
      expect([good.status, good.text]).toEqual([200, expect.stringContaining('here')]);
    },
    PATIENCE,
  );

  it(
    'at every other route: no defect, and nothing of us',
    async () => {
      const { paths } = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as {
        paths: Record<string, object>;
      };
      const routes = Object.entries(paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
      );
      routes.push(
        ...['usage', 'pricing', oddText(draw)].map((name) => ({
          ...{ method: 'GET', path: `/api/v1/${encodeURIComponent(wellFormed(name))}` },
        })),
      );
      // Pages for people are in no document.
      const session = [
        '',
        '/live',
        '/pages',
        '/items',
        '/timeline',
        '/at/{seq}',
        '/again',
        '/restart',
        '/retry',
      ];
      routes.push(
        ...[
          ...[
            '/',
            '/login',
            '/assets/{name}',
            '/sessions',
            '/sessions/new',
            '/sessions/live',
            '/api/docs-json',
            '/metrics',
          ],
          ...session.map((part) => `/sessions/{id}${part}`),
          ...['', '/body'].map((part) => `/sessions/{id}/pages/{pageId}${part}`),
        ].map((path) => ({ method: 'GET', path })),
      );
      routes.push(
        ...[
          '/login',
          '/sessions',
          ...['resume', 'pause', 'stop', 'retry'].map((verb) => `/sessions/{id}/${verb}`),
        ].map((path) => ({ method: 'POST', path })),
      );
      const word = (): string => {
        const text = wellFormed(oddText(draw));
        return draw.chance(0.8) ? encodeURIComponent(text) : text.replace(/[^\x21-\x7e]/g, '');
      };
      const names = [
        'limit',
        'from',
        'to',
        'type',
        'status',
        'sort',
        'cursor',
        'format',
        'hours',
        'host',
        'code',
        'q',
      ];
      let next = 0;
      const answers = await many(routes.length * OF_A_ROUTE, () => {
        const { method, path } = routes[next++ % routes.length]!;
        const filled = path.replace(/\{\w+\}/g, () => word() || 'x');
        const query = Array.from({ length: draw.int(0, 3) }, () => `${draw.pick(names)}=${word()}`).join('&');
        const { bytes, headers } = oddBody(draw, oddValue(draw));
        const sent = { ...oddHeaders(draw), ...(method === 'GET' ? {} : headers) };
        return send(
          method,
          `${filled}${query ? `?${query}` : ''}`,
          sent,
          method === 'GET' ? undefined : bytes,
        );
      });
      expect(leaks(answers, false)).toEqual([]);
      const defects = answers.filter(
        ({ status, text }) =>
          status === -1 || status === 500 || (status > 500 && /"(internal|internal_error)"/.test(text)),
      );
      expect(defects.slice(0, 5)).toEqual([]);
      const wrong = answers.filter(({ status, text }) => {
        if (status < 500) return false;
        const code = /"code":"(\w+)"/.exec(text)?.[1] as keyof typeof failures | undefined;
        return code === undefined || failures[code]?.http !== status;
      });
      expect(wrong.slice(0, 5)).toEqual([]);
      expect((await fetch(`${api.url}/health/live`)).ok).toBe(true);
    },
    PATIENCE,
  );
});
