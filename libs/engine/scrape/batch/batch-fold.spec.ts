import { resolvedJobSpec, type LogEntry, type StoredEvent } from '#libs/events';
import { ScrapeError } from '#libs/failures';
import { BatchFold } from './batch-fold.js';
import { resultAt } from './batch-result.js';

const [A, B] = ['http://a.test/', 'http://b.test/'];
const JOB = '0-batch00000000';
let seq = 0;
const event = (type: StoredEvent['type'], data: object): LogEntry =>
  ({ seq: ++seq, type, jobId: JOB, id: `e${seq}`, time: '', storedAt: seq * 1000, data }) as LogEntry;
const decision = (type: StoredEvent['type'], data: object = {}): LogEntry =>
  event(type, { commandId: `c${seq}`, run: 1, ...data });
const urls = [
  { url: A, format: 'text' },
  { url: 'x', format: 'text', refused: { code: 'invalid_url', message: 'URL is not valid' } },
  { url: B, format: 'text' },
  { url: A, format: 'json' },
];
const started = (): LogEntry =>
  decision('JobStarted', {
    generation: 1,
    spec: resolvedJobSpec.parse({}),
    start: [],
    scrape: { tier: 'basic', urls },
  });
const page = (url: string, over: object = {}) => ({
  url,
  generation: 1,
  run: 1,
  try: 1,
  stage: 'page',
  depth: 0,
  attempt: 1,
  ...over,
});
const failed = (url: string, code: string, over: object = {}): LogEntry =>
  event('FetchFailed', {
    ...page(url),
    code,
    message: '',
    statusCode: 0,
    finalUrl: url,
    redirects: [],
    ...over,
  });
const skipped = (url: string): LogEntry =>
  event('PageSkipped', { ...page(url), code: 'robots_disallowed', message: '', rule: null });

const after = (...entries: LogEntry[]): BatchFold => {
  const fold = new BatchFold();
  for (const entry of entries) fold.apply(entry);
  return fold;
};
const unused = (): never => {
  throw new Error('no body is read here');
};
const deps = { bodies: { get: unused }, decode: unused, reader: { read: unused, readableText: unused } };
const told = async (fold: BatchFold): Promise<string[]> =>
  Promise.all(
    fold.batch!.urls.map(async (_, index) => {
      const result = await resultAt(fold, index, deps);
      if (!result) return 'to come';
      return result.outcome.ok ? 'content' : result.outcome.error.code;
    }),
  );
beforeEach(() => void (seq = 0));

describe('a batch, as its job’s history tells it', () => {
  it('given its start, then what was refused at once has its result and the rest is to come', async () => {
    const fold = new BatchFold();
    expect(fold.apply(started())).toEqual([1]);
    expect(await told(fold)).toEqual(['to come', 'invalid_url', 'to come', 'to come']);
    expect([fold.completed, fold.isOver]).toEqual([1, false]);
  });

  it('given the end of a page, then every place that wanted it has its result, and the first end stays', async () => {
    const fold = after(started());
    expect(fold.apply(failed(A, 'dns_error'))).toEqual([0, 3]);
    expect(fold.apply(failed(A, 'timeout'))).toEqual([]);
    expect(fold.apply(failed('http://other.test/', 'timeout'))).toEqual([]);
    expect(await told(fold)).toEqual(['dns_error', 'invalid_url', 'to come', 'dns_error']);
  });

  it.each([
    ['blocked_address', 'url_blocked'],
    ['worker_died', 'internal_error'],
    ['a code of newer code', 'internal_error'],
    ['connection_reset', 'connection_error'],
  ])('given %s, then %s', async (code, expected) => {
    expect((await told(after(started(), failed(B, code))))[2]).toBe(expected);
  });

  it.each([
    ['is not kept any more', null],
    ['is damaged', Buffer.from('no gzip')],
  ])('given a body that %s, then that place alone says so', async (_, raw) => {
    const sha256 = 'a'.repeat(64);
    const body = { sha256, storedBytes: 7, encoding: 'gzip', contentType: 'text/html' };
    const response = {
      statusCode: 200,
      finalUrl: B,
      contentType: 'text/html',
      contentLength: 7,
      receivedBytes: 7,
    };
    const fold = after(started(), event('PageFetched', { ...page(B), ...response, headers: {}, body }));
    const broken = {
      ...deps,
      bodies: { get: async () => raw },
      decode: () => Promise.reject(new Error('zlib')),
    };
    expect(await resultAt(fold, 2, broken)).toMatchObject({
      outcome: {
        ok: false,
        error: { code: 'internal_error', message: expect.stringMatching(/^The content of this URL/) },
      },
    });
  });

  it('given robots.txt that disallows, then it says what the single endpoint says', async () => {
    expect((await told(after(started(), skipped(B))))[2]).toBe('url_blocked');
  });

  const proxyFailed = () =>
    decision('ProxyFailed', {
      url: B,
      page: null,
      code: 'proxy_auth',
      statusCode: 407,
      message: 'm',
      vendorText: null,
      hint: 'h',
    });
  it('given a proxy that fails, then what is open says no more than that; resumed, it is to come again', async () => {
    const fold = after(started(), failed(A, 'timeout'), proxyFailed());
    expect([await told(fold), fold.isOver]).toEqual([
      ['timeout', 'invalid_url', 'connection_error', 'timeout'],
      true,
    ]);
    const result = await resultAt(fold, 2, deps);
    expect(result?.outcome).toEqual({ ok: false, error: new ScrapeError('connection_error') });
    fold.apply(decision('JobResumed', { run: 2 }));
    expect((await told(fold))[2]).toBe('to come');
  });

  it('given that it was stopped, then what is open is refused; paused, it is to come', async () => {
    expect((await told(after(started(), decision('JobPaused', { by: 'user' }))))[2]).toBe('to come');
    expect((await told(after(started(), decision('JobStopped'))))[2]).toBe('internal_error');
  });

  it('given pages that are fetched again, then only what comes behind that counts', async () => {
    const fold = after(
      started(),
      failed(B, 'timeout'),
      decision('PagesRequeued', { run: 2, filter: {}, urls: [B] }),
    );
    expect((await told(fold))[2]).toBe('to come');
    expect(fold.apply(failed(B, 'timeout'))).toEqual([]);
    expect(fold.apply(failed(B, 'dns_error', { run: 2 }))).toEqual([2]);
    fold.apply(decision('JobRestarted', { run: 3, generation: 2 }));
    expect(fold.completed).toBe(1);
    expect(fold.apply(failed(B, 'timeout', { run: 3, generation: 2 }))).toEqual([2]);
  });
});
