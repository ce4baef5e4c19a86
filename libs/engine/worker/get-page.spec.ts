import type { JobSpec, Stage } from '#libs/events';
import { resolveSpec, type PageFacts } from '#libs/job';
import type {
  FetchedResponse,
  FetchOutcome,
  FetchRequest,
  RenderOutcome,
  RenderRequest,
} from '../ports/index.js';
import { getPage } from './get-page.js';

const request: FetchRequest = {
  ...{
    url: 'http://shop.test/',
    userAgent: 'Test/1.0',
    timeoutMs: 1000,
    maxBodyBytes: 1024,
    maxRedirects: 3,
  },
  ...{ readBody: true, signal: new AbortController().signal, allowPrivate: ['shop.test'] },
};
const base = {
  ...{ finalUrl: request.url, redirects: [], timing: { startedAt: 0, durationMs: 1 } },
};
const response = (over: Partial<FetchedResponse> = {}): FetchedResponse => ({
  ...{ ok: true, statusCode: 200, headers: {}, contentType: 'text/html', raw: Buffer.from('x') },
  ...{
    encoding: 'identity',
    body: Buffer.from('plain'),
    truncated: false,
    receivedBytes: 10,
    retryAfterMs: null,
  },
  ...base,
  ...over,
});
const shown = {
  ...response({ body: Buffer.from('shown'), receivedBytes: 100 }),
  ...{ ms: 7, missing: null, screenshot: Buffer.from('png'), har: null },
};
const shell: PageFacts = {
  ...{
    textLength: 0,
    scripts: 1,
    emptyMount: true,
    title: true,
    description: false,
    h1: false,
    canonical: false,
  },
};
const readable: PageFacts = { ...shell, textLength: 500, h1: true, description: true };

function given(
  render: Stage['render'],
  {
    plain = response() as FetchOutcome,
    rendered = shown as RenderOutcome,
    facts = shell as PageFacts | null,
  } = {},
) {
  const spec: JobSpec = resolveSpec({
    start: [request.url],
    stages: [
      {
        name: 'page',
        ...(render ? { render } : {}),
        ...(render && render !== 'http' ? { waitFor: 'h1' } : {}),
      },
    ],
    ...(render && render !== 'http' ? { browser: { screenshot: true, waitMs: 50 } } : {}),
  }).spec;
  const asked: string[] = [];
  const renders: RenderRequest[] = [];
  const deps = {
    fetcher: {
      fetch: async () => {
        asked.push('http');
        return plain;
      },
    },
    browser: {
      renderer: {
        render: async (one: RenderRequest) => {
          asked.push('browser');
          renders.push(one);
          return rendered;
        },
      },
      factsOf: () => facts,
    },
  };
  const get = (over: Partial<FetchRequest> = {}) =>
    getPage('0-job', spec.stages[0], { ...request, ...over }, spec, deps);
  return { asked, renders, get, spec, deps };
}

describe('how a page is got', () => {
  it('a stage that says nothing of it never meets a browser', async () => {
    for (const how of [undefined, 'http'] as const) {
      const { asked, get } = given(how);
      expect(await get()).toEqual({ outcome: response() });
      expect(asked).toEqual(['http']);
    }
  });

  it('a stage may ask for a browser, which is asked with everything that holds for the page', async () => {
    const { asked, renders, get } = given('browser');
    const got = await get();
    expect(got).toMatchObject({
      outcome: { ok: true, body: Buffer.from('shown'), receivedBytes: 100 },
      rendering: { mode: 'browser', reason: 'asked', ms: 7 },
      screenshot: Buffer.from('png'),
      har: null,
    });
    expect(got.rendering).not.toHaveProperty('missing');
    expect(asked).toEqual(['browser']);
    const { readBody: _, ...rest } = request;
    expect(renders[0]).toMatchObject({
      ...{ ...rest, jobId: '0-job', waitFor: 'h1' },
      how: { screenshot: true, har: false, waitMs: 50, waitUntil: 'network_idle', scope: 'default' },
    });
  });

  it('auto takes the response where it can be read', async () => {
    const { asked, get } = given('auto', { facts: readable });
    expect(await get()).toEqual({
      outcome: response(),
      rendering: { mode: 'http', reason: 'readable' },
    });
    expect(asked).toEqual(['http']);
  });

  it('auto takes the browser for a shell, and gives the memory of the response back', async () => {
    let released = 0;
    const { asked, get } = given('auto', { plain: response({ release: () => (released += 1) }) });
    expect(await get()).toMatchObject({
      outcome: { body: Buffer.from('shown'), receivedBytes: 110 },
      rendering: { mode: 'browser', reason: 'short_text' },
    });
    expect([asked, released]).toEqual([['http', 'browser'], 1]);
  });

  it.each<[string, FetchOutcome, PageFacts | null]>([
    ['an error page', response({ statusCode: 404 }), shell],
    ['no response', { ok: false, code: 'timeout', message: '', statusCode: 0, ...base }, shell],
    ['what is no HTML', response(), null],
    ['an empty body', response({ body: null }), shell],
  ])('auto does not start a browser for %s', async (_, plain, facts) => {
    const { asked, get } = given('auto', { plain, facts });
    expect((await get()).outcome).toBe(plain);
    expect(asked).toEqual(['http']);
  });

  it.each(['browser', 'auto'] as const)(
    'a page whose body may not be read is not rendered (%s)',
    async (how) => {
      const { asked, get } = given(how);
      await get({ readBody: false });
      expect(asked).toEqual(['http']);
    },
  );

  it('what no browser shows is taken from its response', async () => {
    const { asked, get } = given('browser', { rendered: { ok: null, receivedBytes: 5 } });
    expect(await get()).toMatchObject({
      outcome: { body: Buffer.from('plain'), receivedBytes: 15 },
      rendering: { mode: 'http', reason: 'no_page' },
    });
    expect(asked).toEqual(['browser', 'http']);
  });

  it('failures are those of any page', async () => {
    const problem: FetchOutcome = { ok: false, code: 'proxy_auth', message: 'no', statusCode: 407, ...base };
    const { get } = given('browser', { rendered: problem });
    expect(await get()).toEqual({ outcome: problem });
  });

  it('says what was waited for in vain', async () => {
    const { get } = given('browser', { rendered: { ...shown, missing: 'selector' } });
    expect((await get()).rendering).toMatchObject({ missing: 'selector' });
  });

  it('a worker without a browser says so', async () => {
    const { spec, deps } = given('browser');
    await expect(
      getPage('0-job', spec.stages[0], request, spec, { ...deps, browser: undefined }),
    ).rejects.toMatchObject({ code: 'browser_unavailable' });
  });
});
