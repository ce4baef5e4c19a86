import { createPageParser, readPageFacts } from '#libs/adapters/html';
import { systemClock } from '#libs/adapters/system';
import { storedBodiesOf, type BodyRef, type StoredEvent } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { resolveSpec } from '#libs/job';
import type { FetchedResponse, RenderOutcome } from '../ports/index.js';
import type { WorkerDeps } from './deps.js';
import { toEvent } from './outcome.js';
import { runPage } from './page-task.js';

const url = 'http://shop.test/';
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const answered = (html: string): FetchedResponse => ({
  ...{ ok: true, statusCode: 200, finalUrl: url, redirects: [], headers: {}, retryAfterMs: null },
  ...{ contentType: 'text/html; charset=utf-8', raw: Buffer.from(html), body: Buffer.from(html) },
  ...{ encoding: 'identity', truncated: false, receivedBytes: html.length },
  timing: { startedAt: 0, durationMs: 1 },
});
const SHELL = '<title>Shop</title><script src="/app.js"></script><div id="root"></div>';
const shown = (over: object = {}): RenderOutcome => ({
  ...answered('<title>Shop</title><h1>Wares</h1><a href="/1">one</a>'),
  ...{ ms: 20, missing: null, screenshot: Buffer.from('png'), har: Buffer.from('{}') },
  ...over,
});

function given(render: () => Promise<RenderOutcome>, nth = 1) {
  const { spec } = resolveSpec({
    start: [url],
    bodies: 'none',
    stages: [{ name: 'page', render: 'auto', follow: [{ stage: 'page' }] }],
  });
  const stored: string[] = [];
  const deps: WorkerDeps = {
    eventLog: {} as WorkerDeps['eventLog'],
    fetchQueue: {} as WorkerDeps['fetchQueue'],
    fetcher: { fetch: async () => answered(SHELL) },
    privateTargets: { of: () => [] },
    robots: {
      check: async ({ policy }) => ({ policy, allowed: true, confidence: 'high', reason: '', rule: null }),
    },
    bodies: {
      put: async (_job, raw, meta): Promise<BodyRef> => {
        stored.push(`${meta.contentType} ${raw.toString()}`);
        return { ...meta, sha256: `sha of ${raw.toString()}`, storedBytes: raw.length };
      },
    },
    browser: { renderer: { render }, factsOf: readPageFacts },
    ...{ parser: createPageParser(), clock: systemClock, logger: quiet, random: () => 0 },
  };
  const page = {
    batch: { jobId: '0-aaaaaaaa', generation: 1, run: 1 },
    task: { url, depth: 0, stage: 'page', try: nth, attempt: 1 },
  };
  const run = () => runPage(page, spec, deps, new AbortController().signal);
  return { run, stored, page };
}

const unavailable = () =>
  Promise.reject(new SpoorError('browser_unavailable', 'The browser service does not answer'));

describe('a page that a browser renders', () => {
  it('is read as the browser shows it, and tells how it came to be', async () => {
    const { run, stored, page } = given(async () => shown());
    const draft = await run();
    expect(draft).toMatchObject({
      type: 'PageFetched',
      data: {
        ...{ title: 'Shop', h1: 'Wares', links: { follow: { page: ['/1'] } } },
        render: {
          ...{ mode: 'browser', reason: 'short_text', ms: 20 },
          screenshot: { sha256: 'sha of png', contentType: 'image/png', storedBytes: 3 },
          har: { sha256: 'sha of {}', contentType: 'application/json' },
        },
      },
    });
    // The job keeps no bodies; what it asked for by name it has.
    expect(stored).toEqual(['image/png png', 'application/json {}']);
    const event = { ...toEvent(page, draft, 0), seq: 1, storedAt: 0 } as StoredEvent;
    expect(storedBodiesOf(event).map(({ sha256 }) => sha256)).toEqual(['sha of png', 'sha of {}']);
  });

  it.each([
    [1, 1000],
    [2, 2000],
    [5, 16_000],
    [50, 60_000],
  ])('waits without burning an attempt while there is no browser (try %i: %i ms)', async (nth, delayMs) => {
    const { run, stored } = given(unavailable, nth);
    expect(await run()).toMatchObject({
      type: 'FetchRetried',
      data: {
        ...{ burned: false, attempt: 1, try: nth, code: 'browser_unavailable', delayMs },
        message: 'The browser service does not answer',
      },
    });
    expect(stored).toEqual([]);
  });

  it('that fails by itself burns an attempt', async () => {
    const { run } = given(async () => ({
      ...{ ok: false, code: 'render_failed', message: 'The page crashed', statusCode: 0, finalUrl: url },
      ...{ redirects: [], timing: { startedAt: 0, durationMs: 1 } },
    }));
    expect(await run()).toMatchObject({
      type: 'FetchRetried',
      data: { burned: true, code: 'render_failed', attempt: 1 },
    });
  });
});
