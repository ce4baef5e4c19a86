import { existsSync, readFileSync } from 'node:fs';
import type { FetchOutcome } from '#libs/engine/ports';
import { createEgress } from './index.js';
import { httpServer, rawServer, request, type TestServer } from './test-support.js';

interface Hop {
  path?: string;
  status: number;
  location?: string;
  location_encoding?: 'latin1' | 'utf8';
  headers?: Record<string, string>;
  body?: string;
}
interface Case {
  id: string;
  kind: string;
  name: string;
  start: string;
  hops: Hop[];
  second_location?: string;
  either?: boolean;
  optional?: string;
  request?: { headers?: Record<string, string> };
  expect: {
    outcome: string;
    final?: string;
    final_status?: number;
    redirect_count?: number;
    page_status?: number;
    page_status_any?: number[];
    worker?: string;
    requests_max_worker?: number;
    second_request_must_not_contain?: string[];
  };
}

const FILE = '../shared/conformance/redirects.json';
const all: Case[] = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as { cases: Case[] }).cases
  : [];
/** The engine sends GET only, and no header that a caller chose. */
const skipped = all.filter(
  (c) => c.optional !== undefined || c.request?.headers?.['Authorization'] !== undefined,
);
const cases = all.filter((c) => !skipped.includes(c));
if (all.length === 0) console.info(`skipped: no conformance cases at ${FILE}`);
for (const c of skipped) console.info(`skipped ${c.id} (${c.name}): the engine cannot send such a request`);

/** Two sites that answer the hops of a case, in turn or by path, and 200 after the last. */
class Sites {
  readonly requests: string[] = [];
  private servers: [TestServer, TestServer] | undefined;

  constructor(private readonly testCase: Case) {}

  async open(): Promise<void> {
    const site = () => rawServer((socket, head) => void socket.end(this.answer(head)));
    this.servers = [await site(), await site()];
  }

  fill(text: string): string {
    const [a, b] = this.servers!;
    return text
      .replaceAll('{A}', a.origin)
      .replaceAll('{B}', b.origin)
      .replaceAll('{Ahost}', `127.0.0.1:${a.port}`)
      .replaceAll('{Bhost}', `127.0.0.1:${b.port}`);
  }

  async close(): Promise<void> {
    for (const server of this.servers ?? []) await server.close();
  }

  private answer(head: string): Buffer {
    const { hops, second_location } = this.testCase;
    const path = head.split(' ')[1];
    const byPath = hops.some((hop) => hop.path !== undefined);
    const hop = byPath ? hops.find((h) => h.path === path) : hops[this.requests.length];
    this.requests.push(head);
    const { status = 200, headers = {}, body = '', location, location_encoding } = hop ?? {};
    const fields = Object.entries(headers).map(([name, value]) =>
      Buffer.from(`${name}: ${this.fill(value)}\r\n`),
    );
    for (const value of hop ? [location, second_location] : [])
      if (value !== undefined)
        fields.push(Buffer.from(`Location: ${this.fill(value)}\r\n`, location_encoding ?? 'utf8'));
    const rest = `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
    return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} X\r\n`), ...fields, Buffer.from(rest)]);
  }
}

/** What is wrong with an outcome, or null. */
function judge(
  { expect: wanted, either }: Case,
  outcome: FetchOutcome,
  fill: (text: string) => string,
): string | null {
  const found = outcome.ok
    ? `HTTP ${outcome.statusCode} at ${outcome.finalUrl}`
    : `${outcome.code} ${outcome.statusCode}`;
  const count = outcome.redirects.length;
  if (wanted.outcome === 'error' || wanted.worker === 'too_many_redirects') {
    const statuses = wanted.page_status_any ?? [wanted.page_status ?? 310];
    return !outcome.ok && statuses.includes(outcome.statusCode) && count > 0 ? null : found;
  }
  // Where suites differ, an error that names the redirect will do.
  if (!outcome.ok && (either || wanted.outcome === 'final_or_error'))
    return ['redirect_loop', 'invalid_redirect'].includes(outcome.code) ? null : found;
  if (!outcome.ok) return found;
  // Canonical URLs have no fragment.
  const final = wanted.final === undefined ? outcome.finalUrl : fill(wanted.final).split('#', 1)[0];
  const status = wanted.final_status ?? 200;
  const right =
    outcome.finalUrl === final && outcome.statusCode === status && count === (wanted.redirect_count ?? count);
  return right ? null : `${found} after ${count}`;
}

describe('redirects', () => {
  const egress = createEgress({ allowPrivate: ['127.0.0.1'] });
  afterAll(() => egress.close());

  (cases.length > 0 ? it : it.skip)('agree with every conformance case', async () => {
    const wrong: string[] = [];
    for (const testCase of cases) {
      const sites = new Sites(testCase);
      await sites.open();
      const outcome = await egress.fetch(request(sites.fill('{A}') + testCase.start.split('#', 1)[0]));
      const { second_request_must_not_contain = [], requests_max_worker = 99 } = testCase.expect;
      const fault =
        judge(testCase, outcome, (text) => sites.fill(text)) ??
        second_request_must_not_contain.find((text) => sites.requests[1]?.includes(text)) ??
        (sites.requests.length > requests_max_worker ? 'too many requests' : null);
      if (fault !== null) wrong.push(`${testCase.id} ${testCase.name}: ${fault}`);
      if (JSON.stringify(outcome).includes('injected')) wrong.push(`${testCase.id} records credentials`);
      await sites.close();
    }
    expect(wrong).toEqual([]);
  });

  /** `/n` leads to `/n-1`, `/0` is a page; counts what it was asked. */
  const countdown = async () => {
    const asked: string[] = [];
    const server = await httpServer((req, res) => {
      asked.push(req.url ?? '');
      const left = Number(req.url?.slice(1));
      if (left === 0) res.end('there');
      else res.writeHead(302, { location: `/${left - 1}` }).end();
    });
    return { server, asked };
  };

  it.each([
    [0, 0, true],
    [1, 0, false],
    [10, 10, true],
    [11, 10, false],
  ])('%i of at most %i: a page %s', async (redirects, maxRedirects, page) => {
    const { server, asked } = await countdown();
    const outcome = await egress.fetch(request(`${server.origin}/${redirects}`, { maxRedirects }));
    expect(outcome.ok).toBe(page);
    expect(outcome.redirects).toHaveLength(Math.min(redirects, maxRedirects));
    expect(asked).toHaveLength(Math.min(redirects, maxRedirects) + 1);
    if (!page)
      expect(outcome).toMatchObject({
        code: 'too_many_redirects',
        statusCode: 310,
        message: `Exceeded maximum redirects (${maxRedirects})`,
      });
    await server.close();
  });

  it('records each hop, keeps the connection, and is not held up by a long body on the way', async () => {
    const server = await httpServer((req, res) => {
      if (req.url === '/end') return void res.end('there');
      res.writeHead(301, { location: req.url === '/start' ? '/huge' : '/end' });
      if (req.url === '/start') return void res.end('moved');
      const timer = setInterval(() => res.write('x'.repeat(1000)), 1);
      res.on('close', () => clearInterval(timer));
    });
    const outcome = await egress.fetch(request(`${server.origin}/start`));
    expect(outcome).toMatchObject({
      ok: true,
      finalUrl: `${server.origin}/end`,
      redirects: [
        { url: `${server.origin}/start`, statusCode: 301, location: '/huge' },
        { url: `${server.origin}/huge`, statusCode: 301, location: '/end' },
      ],
    });
    await server.close();
  });

  it('asks for the Location exactly as it is spelled', async () => {
    const asked: string[] = [];
    const server = await httpServer((req, res) => {
      asked.push(req.url ?? '');
      if (req.url === '/%C3%A4') res.writeHead(302, { location: '/%c3%a4' }).end();
      else res.end();
    });
    const outcome = await egress.fetch(request(`${server.origin}/%C3%A4`));
    expect(asked).toEqual(['/%C3%A4', '/%c3%a4']);
    expect(outcome).toMatchObject({ ok: true, finalUrl: `${server.origin}/%C3%A4` });
    await server.close();
  });
});
