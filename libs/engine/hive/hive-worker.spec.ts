import type {
  BrowserContext,
  BrowserEgress,
  Browsers,
  Clock,
  HiveMetrics,
  RunningBrowser,
  WorkerRequest,
} from '#libs/engine/ports';
import { scopeConfig } from '#libs/hive';
import { HiveWorker } from './hive-worker.js';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const request: WorkerRequest = {
  ...{ url: 'http://a.test/', timeoutSeconds: 5, contextId: '', rayId: '', countryCode: '', scopeName: '' },
  ...{ waitStrategy: 'load', waitTimeoutMs: 0, waitSelector: '', skipSelector: '', render: null },
};

/** Time that goes on when it is told to. */
class ManualClock implements Clock {
  private ms = 0;
  private readonly due = new Map<() => void, number>();
  now = (): number => this.ms;
  monotonic = (): number => this.ms;
  timer(ms: number, callback: () => void): () => void {
    this.due.set(callback, this.ms + ms);
    return () => void this.due.delete(callback);
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = this.timer(ms, resolve);
      const abort = (): void => {
        stop();
        reject(new DOMException('aborted', 'AbortError'));
      };
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
    });
  }
  async pass(ms: number): Promise<void> {
    await settled();
    this.ms += ms;
    for (const [callback, at] of [...this.due])
      if (at <= this.ms) {
        this.due.delete(callback);
        callback();
      }
    await settled();
  }
}
const wish = {
  ...{ jobId: '', proxyJson: '', screenshot: false, har: false, maxContentBytes: 0, userAgent: '' },
  ...{ proxySession: '', contentAnyway: false },
};
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = new Promise<never>(() => undefined);

const egress: BrowserEgress = {
  ...{ server: 'http://127.0.0.1:1', username: 'u', password: 'p' },
  ...{ refusalOf: () => null, refusals: () => [], proxyProblem: () => null, receivedBytes: () => 0 },
  ...{ forget: () => undefined, close: () => Promise.resolve() },
};

const uncounted = (): void => undefined;

/** @param options.maxMb of the browser */
function stage(
  of: Partial<RunningBrowser> = {},
  options: { maxMb?: number; keyless?: boolean; contexts?: number } = {},
) {
  const clock = new ManualClock();
  const made: { end(): void; closed: boolean }[] = [];
  const browsers: Browsers = {
    launch: () => {
      let end = (): void => undefined;
      const gone = new Promise<void>((resolve) => (end = resolve));
      const one = { end, closed: false };
      made.push(one);
      return Promise.resolve({
        ...{ version: 'a browser', gone, alive: true, openContext: () => never },
        memoryBytes: () => Promise.resolve(0),
        close: () => {
          one.closed = true;
          end();
          return Promise.resolve();
        },
        ...of,
      });
    },
  };
  let ids = 0;
  /** How requests ended, as it is counted. */
  const ends: string[] = [];
  const metrics: HiveMetrics = {
    ...{ navigated: uncounted, contentRead: uncounted, contextOpened: uncounted, routed: uncounted },
    ...{ contextRecycled: uncounted, browserLost: uncounted },
    scraped: (_, end) => void ends.push(end),
  };
  const { maxMb = 2048, keyless = false, contexts = 1 } = options;
  const limits = { maxBrowserMemoryMb: maxMb };
  const worker = new HiveWorker(
    {
      ...{ browsers, clock, metrics, logger: silent, privateTargets: { of: () => [] } },
      egresses: { open: () => Promise.resolve(egress), close: () => Promise.resolve() },
      ...{ newContextId: () => `ctx-${++ids}`, newRayId: () => 'ray_1' },
    },
    {
      workerId: 'w',
      scope: 's',
      config: scopeConfig.parse({ contexts: { max: contexts }, limits }),
      keyless,
    },
  );
  const scrape = (signal = new AbortController().signal, render: WorkerRequest['render'] = null) =>
    worker.scrape({ ...request, render }, signal);
  return { worker, clock, made, scrape, ends };
}

describe('a worker of the browser service', () => {
  it('given a browser that makes no context, then the request is answered when its time is up', async () => {
    const { worker, clock, scrape } = stage();
    const answer = scrape();
    await clock.pass(5000);
    expect(await answer).toMatchObject({
      code: 'context_creation_failed',
      message: 'Failed to create new browser context: it was not there within 5000ms (after 5000ms)',
    });
    expect(worker.figures).toMatchObject({ activeRequests: 0, availableSlots: 0 });
  });

  it.each([
    [{ userAgent: 'a\r\nx: y' }, 'Invalid render.user_agent: at most 500 characters of ASCII'],
    [{ userAgent: 'a'.repeat(501) }, 'Invalid render.user_agent: at most 500 characters of ASCII'],
    [{ proxySession: 'a'.repeat(201) }, 'Invalid render.proxy_session: longer than 200 characters'],
    [{ proxyJson: '{' }, 'Invalid render.proxy_json: not the proxy of a job spec'],
  ])('given %j, then it says what is wrong and opens nothing', async (more, message) => {
    const { made, scrape } = stage();
    expect(await scrape(undefined, { ...wish, ...more })).toMatchObject({ code: 'unknown', message });
    expect(made).toEqual([]);
  });

  it('given a context that comes too late, then it is the next one’s', async () => {
    let come = (_: BrowserContext): void => undefined;
    const late = new Promise<BrowserContext>((resolve) => (come = resolve));
    const { worker, clock, scrape } = stage({ openContext: () => late });
    const answer = scrape();
    await clock.pass(5000);
    await answer;
    come({ openTab: () => never, close: () => Promise.resolve() });
    await settled();
    expect(worker.figures).toMatchObject({ totalContexts: 1, availableSlots: 1 });
  });

  it.each([
    [{ url: { env: 'AWS_SECRET' } }, true],
    [{ pool: ['http://p:1', { env: 'AWS_SECRET' }] }, true],
    [{ url: { secret: 'oxylabs' } }, true],
    [{ url: { env: 'SPOOR_PROXY_URL' }, provider: 'oxylabs' }, true],
    [{ url: { env: 'SPOOR_PROXY_URL' } }, false],
    [{ url: 'http://p:1' }, false],
  ])(
    'given callers without a key and the proxy %j, then foreign variables are refused: %s',
    async (proxy, isRefused) => {
      const { scrape, clock, made } = stage({}, { keyless: true });
      const answer = scrape(undefined, { ...wish, proxyJson: JSON.stringify(proxy) });
      await clock.pass(5000);
      // A job stops at once, as with any proxy that cannot be had: its pages are not to blame.
      const refusal = {
        message: expect.stringContaining('Invalid render.proxy_json: without a key'),
        render: expect.objectContaining({ failureCode: 'proxy_not_configured' }),
      };
      expect(await answer).toEqual(
        isRefused ? expect.objectContaining(refusal) : expect.not.objectContaining(refusal),
      );
      expect(made.length === 0).toBe(isRefused);
    },
  );

  it('given callers with a key, then a proxy may be in any variable', async () => {
    const { scrape, clock } = stage();
    const answer = scrape(undefined, { ...wish, proxyJson: JSON.stringify({ url: { env: 'AWS_SECRET' } }) });
    await clock.pass(5000);
    expect(await answer).toMatchObject({ code: 'context_creation_failed' });
  });

  it('given a caller who is gone, then nothing is kept for it, and it counts as no failure', async () => {
    const caller = new AbortController();
    const { worker, scrape, ends } = stage();
    const answer = scrape(caller.signal);
    await settled();
    caller.abort();
    await answer;
    expect(worker.figures).toMatchObject({ activeRequests: 0, failedRequests: 0, totalRequests: 1 });
    expect(ends).toEqual(['cancelled']);
  });

  it('given a browser that does not say a word for half a minute, then another one takes its place', async () => {
    const { worker, clock, made } = stage({ memoryBytes: () => never });
    worker.start();
    await clock.pass(29_999);
    expect(made).toMatchObject([{ closed: false }]);
    await clock.pass(1);
    expect(made).toMatchObject([{ closed: true }]);
    void worker.scrape(request, new AbortController().signal);
    await settled();
    expect(made).toMatchObject([{ closed: true }, { closed: false }]);
  });

  it('given a browser that has grown too large, then it takes no new page, ends its last one, and another takes its place', async () => {
    let bytes = 0;
    const { worker, clock, made, scrape } = stage(
      { memoryBytes: () => Promise.resolve(bytes) },
      { maxMb: 256, contexts: 2 },
    );
    worker.start();
    await clock.pass(1000);
    const caller = new AbortController();
    const last = scrape(caller.signal);
    bytes = 256 * 2 ** 20;
    await clock.pass(4000);
    expect(made).toMatchObject([{ closed: false }]);
    expect(worker.beat('w:1')).toMatchObject({ draining: true });
    expect(worker.figures.availableSlots).toBe(0);
    expect(await scrape()).toMatchObject({
      code: 'terminating',
      message: 'The browser is being replaced, please retry with another instance',
    });
    caller.abort();
    await last;
    await settled();
    expect(made).toMatchObject([{ closed: true }]);
    bytes = 0;
    expect(worker.beat('w:1')).toMatchObject({ draining: false });
    void scrape();
    await settled();
    expect(made).toMatchObject([{ closed: true }, { closed: false }]);
  });

  it('given a browser that hangs, then a worker that is to end does end, and the browser with it', async () => {
    const { worker, clock, made, scrape } = stage({ memoryBytes: () => never });
    worker.start();
    const last = scrape();
    await settled();
    const drained = worker.drain(1000);
    await clock.pass(1000);
    await drained;
    expect(made).toMatchObject([{ closed: true }]);
    await clock.pass(5000);
    expect(await last).toMatchObject({ code: 'context_creation_failed' });
  });
});
