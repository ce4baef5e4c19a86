import type { Socket } from 'node:net';
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { FetchedResponse, FetchProblem } from '#libs/engine/ports';
import { until } from '#libs/testing';
import { createEgress, type Egress } from './index.js';
import { httpServer, rawServer, request, type TestServer } from './test-support.js';

describe('egress', () => {
  let egress: Egress;
  const servers: TestServer[] = [];
  const keep = async (starting: Promise<TestServer>): Promise<TestServer> => {
    const server = await starting;
    servers.push(server);
    return server;
  };
  beforeEach(() => (egress = createEgress({ allowPrivate: ['127.0.0.1'] })));
  afterEach(async () => {
    egress.close();
    for (const server of servers.splice(0)) await server.close();
  });
  const ok = async (...args: Parameters<typeof request>): Promise<FetchedResponse> => {
    const outcome = await egress.fetch(request(...args));
    if (!outcome.ok) throw new Error(`${outcome.code}: ${outcome.message}`);
    return outcome;
  };
  const problem = async (...args: Parameters<typeof request>): Promise<FetchProblem> => {
    const outcome = await egress.fetch(request(...args));
    if (outcome.ok) throw new Error(`HTTP ${outcome.statusCode}`);
    return outcome;
  };

  describe('an answer', () => {
    it('comes with head, body as received and decoded, and timing', async () => {
      const seen: Record<string, unknown>[] = [];
      const html = `<title>ä</title>${'x'.repeat(50_000)}`;
      const raw = gzipSync(html);
      const { origin } = await keep(
        httpServer((req, res) => {
          seen.push(req.headers);
          res.setHeader('Content-Type', 'text/html; charset=utf-8');
          res.setHeader('Content-Encoding', 'GZIP');
          res.setHeader('Set-Cookie', ['secret=1', 'b=2']);
          res.setHeader('X-Two', ['a', 'b']);
          res.end(raw);
        }),
      );
      const answer = await ok(`${origin}/%c3%a4?x`);
      expect(answer).toMatchObject({
        statusCode: 200,
        finalUrl: `${origin}/%C3%A4?x`,
        redirects: [],
        contentType: 'text/html; charset=utf-8',
        encoding: 'gzip',
        truncated: false,
        receivedBytes: raw.length,
        retryAfterMs: null,
      });
      expect(answer.raw).toEqual(raw);
      expect(answer.body?.toString()).toBe(html);
      expect(answer.headers['x-two']).toBe('a, b');
      expect(JSON.stringify(answer.headers)).not.toContain('secret');
      expect(answer.timing.durationMs).toBeGreaterThanOrEqual(answer.timing.ttfbMs!);
      expect(seen[0]).toMatchObject({ 'user-agent': 'Test/1.0', 'accept-encoding': 'gzip, deflate, br' });
    });

    it.each([
      ['gzip', gzipSync, 'gzip'],
      ['x-gzip', gzipSync, 'gzip'],
      ['br', brotliCompressSync, 'br'],
      ['deflate', deflateSync, 'deflate'],
      ['deflate', deflateRawSync, 'deflate'],
      ['utf-8', (text: string) => Buffer.from(text), 'identity'],
      ['gzip, br', (text: string) => brotliCompressSync(gzipSync(text)), 'identity'],
    ])('in content-encoding %s is decoded', async (encoding, encode, kept) => {
      const text = 'hello '.repeat(100_000);
      const { origin } = await keep(
        httpServer((_, res) => void res.setHeader('content-encoding', encoding).end(encode(text))),
      );
      const answer = await ok(origin + '/');
      expect(answer.body?.toString()).toBe(text);
      expect(answer.encoding).toBe(kept);
      expect(answer.truncated).toBe(false);
    });

    it('keeps one connection for many pages', async () => {
      const server = await keep(httpServer((_, res) => void res.end('x')));
      for (let i = 0; i < 5; i++) await ok(`${server.origin}/${i}`);
      expect(server.accepted()).toBe(1);
    });

    it('without its body ends the connection after the head', async () => {
      const server = await keep(
        httpServer((_, res) => {
          res.write('begin');
          const timer = setInterval(() => res.write('more'), 5);
          res.on('close', () => clearInterval(timer));
        }),
      );
      expect(await ok(`${server.origin}/`, { readBody: false })).toMatchObject({
        statusCode: 200,
        raw: null,
        body: null,
        receivedBytes: 0,
      });
      await until(() => server.open() === 0, { what: 'closed connection' });
    });

    it.each([
      ['120', 120_000],
      ['-5', null],
      ['soon', null],
      ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
    ])('reads Retry-After %s', async (value, ms) => {
      const { origin } = await keep(
        httpServer((_, res) => void res.writeHead(503, { 'retry-after': value }).end()),
      );
      expect((await ok(origin + '/')).retryAfterMs).toBe(ms);
    });
  });

  describe('what would not end', () => {
    const endless = (chunk: Buffer, headers: Record<string, string> = {}) =>
      httpServer((_, res) => {
        res.writeHead(200, headers);
        const push = () => {
          while (!res.destroyed && res.write(chunk));
          if (!res.destroyed) res.once('drain', push);
        };
        push();
      });

    it('is cut at the cap, and the connection is freed', async () => {
      const server = await keep(endless(Buffer.alloc(65_536, 'x')));
      const answer = await ok(`${server.origin}/`, { maxBodyBytes: 200_000 });
      expect(answer).toMatchObject({ truncated: true, receivedBytes: 200_000 });
      expect(answer.body).toHaveLength(200_000);
      await until(() => server.open() === 0, { what: 'closed connection' });
    });

    it.each([
      ['gzip', gzipSync(Buffer.alloc(64 * 1024 * 1024))],
      [
        'br',
        brotliCompressSync(Buffer.alloc(64 * 1024 * 1024), {
          params: { [constants.BROTLI_PARAM_QUALITY]: 1 },
        }),
      ],
      ['deflate', deflateSync(Buffer.alloc(64 * 1024 * 1024))],
    ])('as a %s bomb is decoded up to the cap', async (encoding, bomb) => {
      const { origin } = await keep(
        httpServer((_, res) => void res.setHeader('content-encoding', encoding).end(bomb)),
      );
      const answer = await ok(`${origin}/`, { maxBodyBytes: 1_000_000 });
      expect(answer.body).toHaveLength(1_000_000);
      expect(answer.truncated).toBe(true);
    });

    it('as an endless compressed stream gives its beginning', async () => {
      // Stored blocks: as long compressed as plain, so that our own cap on the wire cuts it.
      const chunk = gzipSync(Buffer.alloc(900_000, 'q'), { level: 0 });
      const server = await keep(endless(chunk, { 'content-encoding': 'gzip' }));
      const answer = await ok(`${server.origin}/`, { maxBodyBytes: 500_000 });
      expect(answer.truncated).toBe(true);
      expect(answer.body!.length).toBeGreaterThan(400_000);
      expect(answer.body!.every((byte) => byte === 113)).toBe(true);
    });

    it.each<[string, (socket: Socket) => void]>([
      ['says nothing', () => undefined],
      ['drips its head', (s) => void drip(s, 'HTTP/1.1 200 OK\r\n' + 'X-A: b\r\n'.repeat(1000))],
      ['drips its body', (s) => void (s.write('HTTP/1.1 200 OK\r\n\r\n'), drip(s, 'x'.repeat(1000)))],
      ['sends interim answers', (s) => void drip(s, 'HTTP/1.1 103 Early\r\n\r\n', 5)],
      ['promises more than it sends', (s) => void s.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx')],
    ])('when the server %s ends at the deadline, and the connection is freed', async (_, talk) => {
      const server = await keep(rawServer(talk));
      const outcome = await problem(`${server.origin}/`, { timeoutMs: 300 });
      expect(outcome).toMatchObject({
        code: 'timeout',
        message: 'Request timeout after 300ms',
        statusCode: 0,
      });
      await until(() => server.open() === 0, { what: 'closed connection' });
    });

    it('by a switch of protocols ends at once, and the connection is freed', async () => {
      const server = await keep(
        rawServer((s) => void s.write('HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')),
      );
      expect(await problem(`${server.origin}/`)).toMatchObject({ code: 'invalid_response' });
      await until(() => server.open() === 0, { what: 'closed connection' });
    });

    it('shares one deadline with all its redirects', async () => {
      const { origin } = await keep(
        httpServer(
          (req, res) => void setTimeout(() => res.writeHead(302, { location: `${req.url}x` }).end(), 60),
        ),
      );
      expect(await problem(`${origin}/`, { timeoutMs: 250, maxRedirects: 50 })).toMatchObject({
        code: 'timeout',
        statusCode: 0,
      });
    });

    it('ends with an AbortError when it is aborted, and the connection is freed', async () => {
      const server = await keep(rawServer(() => undefined));
      const controller = new AbortController();
      const fetching = egress.fetch(request(`${server.origin}/`, { signal: controller.signal }));
      await until(() => server.open() === 1, { what: 'open connection' });
      controller.abort();
      await expect(fetching).rejects.toMatchObject({ name: 'AbortError' });
      await until(() => server.open() === 0, { what: 'closed connection' });
      await expect(
        egress.fetch(request(`${server.origin}/`, { signal: controller.signal })),
      ).rejects.toMatchObject({
        name: 'AbortError',
      });
    });
  });

  describe('what goes wrong', () => {
    it.each<[string, (socket: Socket) => void, string]>([
      ['a reset', (s) => void s.resetAndDestroy(), 'connection_reset'],
      ['an early end', (s) => void s.end(), 'connection_reset'],
      [
        'a body cut short',
        (s) => void s.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx'),
        'connection_reset',
      ],
      ['something that is not HTTP', (s) => void s.end('<html>hello</html>'), 'invalid_response'],
      [
        'endless headers',
        (s) => void s.write(`HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(20_000)}`),
        'invalid_response',
      ],
      [
        'a false coding',
        (s) => void s.end('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain'),
        'decode_error',
      ],
    ])('%s has a code, and a text without addresses', async (_, talk, code) => {
      const { origin, port } = await keep(rawServer(talk));
      const outcome = await problem(`${origin}/`);
      expect(outcome).toMatchObject({ ok: false, code, statusCode: 0 });
      expect(outcome.message).not.toMatch(new RegExp(`127|${port}|HPE|ECONN|Z_|socket|got`));
    });

    it('nobody listens', async () => {
      const server = await httpServer(() => undefined);
      await server.close();
      expect(await problem(`${server.origin}/`)).toMatchObject({ code: 'connection_refused' });
    });

    it('TLS to a server without it', async () => {
      const { port } = await keep(httpServer(() => undefined));
      expect(await problem(`https://127.0.0.1:${port}/`)).toMatchObject({ code: 'tls_error' });
    });

    it.each(['ftp://127.0.0.1/', 'file:///etc/passwd', 'http://user:pw@127.0.0.1/', 'nonsense'])(
      '%s',
      async (url) => {
        expect(await problem(url)).toMatchObject({ code: 'invalid_url', statusCode: 0 });
      },
    );

    it('a kept connection that the server has closed is opened anew, once', async () => {
      let served = 0;
      const server = await keep(
        rawServer((socket) => {
          const answer = () => {
            served += 1;
            socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx');
            // The next request on this connection meets a reset.
            socket.once('data', () => socket.resetAndDestroy());
          };
          answer();
        }),
      );
      await ok(`${server.origin}/1`);
      await ok(`${server.origin}/2`);
      expect([served, server.accepted()]).toEqual([2, 2]);
    });
  });
});

function drip(socket: Socket, text: string, step = 1): void {
  let at = 0;
  const timer = setInterval(() => {
    socket.write(text.slice(at, at + step));
    at = at + step < text.length ? at + step : 0;
  }, 2);
  socket.on('close', () => clearInterval(timer));
}
