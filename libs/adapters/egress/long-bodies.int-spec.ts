import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import type { FetchedResponse, FetchOutcome } from '#libs/engine/ports';
import { createEgress, type Egress } from './index.js';
import { httpServer, request, type TestServer } from './test-support.js';

const MB = 1024 * 1024;
/** Over what is free, and no multiple of anything. */
const LONG = Buffer.from(randomBytes(1.7 * MB).toString('hex'));
/** More than the sockets between two processes take: who has sent this has been read far beyond what is free. */
const FLOOD = Buffer.alloc(24 * MB, 'x');
const coded: Record<string, (body: Buffer) => Buffer> = {
  gzip: gzipSync,
  br: (body) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } }),
  deflate: deflateSync,
};

describe('long bodies', () => {
  let egress: Egress;
  let server: TestServer;
  let answer: (path: string, response: ServerResponse) => void;
  beforeEach(async () => {
    egress = createEgress({ allowPrivate: ['127.0.0.1'] });
    server = await httpServer((req, res) => answer(req.url!, res));
  });
  afterEach(async () => {
    egress.close();
    await server.close();
  });
  const fetching = (path: string, over: Parameters<typeof request>[1] = {}): Promise<FetchOutcome> =>
    egress.fetch(request(server.origin + path, { maxBodyBytes: 10 * MB, ...over }));
  const ok = (outcome: FetchOutcome): FetchedResponse => {
    if (!outcome.ok) throw new Error(outcome.code);
    return outcome;
  };

  it.each(['identity', 'chunked', 'gzip', 'br', 'deflate'])('come whole: %s', async (coding) => {
    const body = coded[coding]?.(LONG) ?? LONG;
    answer = (_, res) => {
      if (coding in coded) res.setHeader('content-encoding', coding);
      if (coding === 'chunked') return void (res.write(body.subarray(0, 5)), res.end(body.subarray(5)));
      res.setHeader('content-length', body.length).end(body);
    };
    const outcome = ok(await fetching('/'));
    expect(outcome.body!.equals(LONG)).toBe(true);
    expect(outcome).toMatchObject({ truncated: false, receivedBytes: body.length });
    expect(typeof outcome.release).toBe('function');
  });

  it.each([
    ['identity', (body: Buffer) => body],
    ['gzip', gzipSync],
  ])('are cut at the cap: %s', async (coding, encode) => {
    const body = encode(LONG);
    answer = (_, res) => void res.writeHead(200, { 'content-encoding': coding }).end(body);
    const outcome = ok(await fetching('/', { maxBodyBytes: 2 * MB }));
    expect([outcome.truncated, outcome.body!.length]).toEqual([true, 2 * MB]);
    expect(outcome.body!.equals(LONG.subarray(0, 2 * MB))).toBe(true);
  });

  /** A body that may become as long as all there is, and then says nothing more; resolves when it has its share. */
  const holding = async (
    timeoutMs: number,
  ): Promise<{ all: Promise<FetchOutcome>; stuck: ServerResponse }> => {
    let all: Promise<FetchOutcome>;
    const stuck = await new Promise<ServerResponse>((resolve, reject) => {
      answer = (path, res) => {
        if (path === '/stuck') res.write(FLOOD, (error) => (error ? reject(error) : resolve(res)));
        else res.end(path === '/long' ? LONG : 'short');
      };
      all = fetching('/stuck', { maxBodyBytes: 64 * MB, timeoutMs });
    });
    return { all: all!, stuck };
  };

  it('wait for the memory that others hold, at no cost of their own time; short ones do not', async () => {
    const { all } = await holding(4000);
    const short = () => fetching('/short', { timeoutMs: 3000 });
    // Less than it has to wait, and more than it needs by itself on a busy machine.
    const long = fetching('/long', { timeoutMs: 3000 });
    const first = await Promise.race([all, long, short().then(() => 'short')]);
    expect(first).toBe('short');
    expect(await all).toMatchObject({ ok: false, code: 'timeout' });
    expect(ok(await long).body!.length).toBe(LONG.length);
  });

  it('give up waiting when they are aborted, and leave nothing reserved', async () => {
    const { all, stuck } = await holding(30_000);
    const abort = new AbortController();
    const waiting = fetching('/long', { signal: abort.signal });
    for (let i = 0; i < 5; i++) await fetching('/short');
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    stuck.end();
    ok(await all).release!();
    for (let i = 0; i < 8; i++) ok(await fetching('/long', { maxBodyBytes: 64 * MB })).release!();
  });

  it('keep their memory until it is said that nobody reads them any more', async () => {
    const body = Buffer.alloc(34 * MB, 'x');
    answer = (path, res) => {
      if (path === '/') res.setHeader('content-length', body.length).end(body);
      else res.end('short');
    };
    const one = ok(await fetching('/', { maxBodyBytes: 40 * MB }));
    let second: FetchedResponse | undefined;
    const two = fetching('/', { maxBodyBytes: 40 * MB }).then((outcome) => (second = ok(outcome)));
    for (let i = 0; i < 50; i++) await fetching('/short');
    expect(second).toBeUndefined();
    one.release!();
    expect((await two).body!.length).toBe(body.length);
  });
});
