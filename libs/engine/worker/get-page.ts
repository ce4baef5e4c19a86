import { browserSpec, type JobSpec, type Rendering, type Stage } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { scriptShell } from '#libs/job';
import type { FetchedResponse, FetchOutcome, FetchRequest } from '../ports/index.js';
import type { WorkerDeps } from './deps.js';

/** What came of a page's request, and how it came to its content where there is a choice. */
export interface GotPage {
  outcome: FetchOutcome;
  rendering?: Pick<Rendering, 'mode' | 'reason' | 'ms' | 'missing'>;
  /** To be kept as evidence. */
  screenshot?: Buffer | null;
  har?: Buffer | null;
}

type Why = Rendering['reason'];

/**
 * Gets a page as its stage wants it: from the response, from a browser, or from the browser only when the response is a shell for
 * scripts.
 * @throws SpoorError browser_unavailable, which says nothing of the page
 */
export async function getPage(
  jobId: string,
  stage: Stage | undefined,
  request: FetchRequest,
  spec: JobSpec,
  deps: Pick<WorkerDeps, 'fetcher' | 'browser'>,
): Promise<GotPage> {
  const how = stage?.render ?? 'http';
  // A page that may not be read is asked for its head alone.
  if (how === 'http' || !request.readBody) return { outcome: await deps.fetcher.fetch(request) };
  if (how === 'browser') return render(jobId, stage, request, spec, deps, 'asked', null);

  const plain = await deps.fetcher.fetch(request);
  if (!plain.ok || plain.statusCode >= 400) return { outcome: plain };
  const why = shellReason(plain, deps);
  if (why === null) return { outcome: plain, rendering: { mode: 'http', reason: 'readable' } };
  plain.release?.();
  return render(jobId, stage, request, spec, deps, why, plain);
}

function shellReason({ body, contentType }: FetchedResponse, { browser }: Pick<WorkerDeps, 'browser'>) {
  const facts = body && browser?.factsOf(body, contentType);
  return facts ? scriptShell(facts) : null;
}

async function render(
  jobId: string,
  stage: Stage | undefined,
  request: FetchRequest,
  spec: JobSpec,
  { fetcher, browser }: Pick<WorkerDeps, 'fetcher' | 'browser'>,
  reason: Why,
  plain: FetchedResponse | null,
): Promise<GotPage> {
  if (!browser) throw new SpoorError('browser_unavailable', 'This worker has no browser');
  const { readBody: _, ...rest } = request;
  const how = browserSpec.parse(spec.browser ?? {});
  const page = await browser.renderer.render({ ...rest, jobId, how, waitFor: stage?.waitFor });
  const before = plain?.receivedBytes ?? 0;
  if (page.ok === null) return asPlain(await fetcher.fetch(request), before + page.receivedBytes);
  if (!page.ok) return { outcome: page };
  const { ms, missing, screenshot, har } = page;
  return {
    outcome: { ...page, receivedBytes: page.receivedBytes + before },
    rendering: { mode: 'browser', reason, ms, ...(missing === null ? {} : { missing }) },
    screenshot,
    har,
  };
}

/** What no browser shows as a page is what its response says. */
const asPlain = (outcome: FetchOutcome, before: number): GotPage => ({
  outcome: outcome.ok ? { ...outcome, receivedBytes: outcome.receivedBytes + before } : outcome,
  rendering: { mode: 'http', reason: 'no_page' },
});
