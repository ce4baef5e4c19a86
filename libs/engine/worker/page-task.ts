import type { BodyRef, JobSpec, Rendering, RobotsVerdict } from '#libs/events';
import { failures, SpoorError } from '#libs/failures';
import { describeError } from '../describe-error.js';
import { ProxyFailedError } from '../ports/index.js';
import type { FetchedResponse, FetchOutcome, ParsedPage } from '../ports/index.js';
import type { WorkerDeps } from './deps.js';
import { getPage, type GotPage } from './get-page.js';
import { hold, isPassing } from './hold.js';
import {
  disallowed,
  failed,
  fetched,
  keepsBody,
  NO_PAGE,
  retried,
  retriedForRobots,
  unrendered,
  type PageDraft,
  type PageTry,
} from './outcome.js';

/**
 * One try of one page: robots, request, body stored, page read. Answers what is to be recorded.
 * @throws when `signal` fires: then nothing is recorded, and the page stays open; ProxyFailedError, which ends more than the page.
 */
export async function runPage(
  page: PageTry,
  spec: JobSpec,
  deps: WorkerDeps,
  signal: AbortSignal,
): Promise<PageDraft> {
  const { jobId, run } = page.batch;
  const proxy = spec.proxy && { spec: spec.proxy, session: `${jobId}.${run}` };
  const allowPrivate = deps.privateTargets.of(jobId);
  const robots = await deps.robots.check({
    url: page.task.url,
    userAgent: spec.politeness.userAgent,
    policy: spec.politeness.robots,
    maxCrawlDelayMs: spec.politeness.maxCrawlDelayMs,
    signal,
    proxy,
    allowPrivate,
  });
  // Nothing is said about the page for good while its rules may only be away for a moment.
  const later = retriedForRobots(page, robots, spec.retry, deps.random());
  if (!robots.allowed && robots.policy === 'obey') return later ?? disallowed(page, robots);

  const stage = spec.stages.find(({ name }) => name === page.task.stage);
  const request = {
    url: page.task.url,
    userAgent: spec.politeness.userAgent,
    timeoutMs: spec.limits.timeoutMs,
    maxBodyBytes: spec.limits.maxBodyBytes,
    maxRedirects: spec.limits.maxRedirects,
    readBody: robots.allowed,
    signal,
    proxy,
    allowPrivate,
  };
  let got: GotPage;
  try {
    got = await getPage(jobId, stage, request, spec, deps);
  } catch (error) {
    if (!(error instanceof SpoorError) || error.code !== 'browser_unavailable') throw error;
    return unrendered(page, error.message);
  }
  const { outcome } = got;
  deps.metrics?.fetchEnded(outcome);
  if (!outcome.ok && failures[outcome.code].stopsJob) throw ProxyFailedError.of(outcome);
  try {
    deps.failPoint?.('after_fetch');
    const again = retried(page, outcome, spec.retry, deps.random());
    if (again) return again;
    if (!outcome.ok) return failed(page, outcome, robots);
    return later ?? (await received(page, outcome, got, robots, spec, deps, signal));
  } finally {
    if (outcome.ok) outcome.release?.();
  }
}

async function received(
  page: PageTry,
  response: FetchedResponse,
  got: GotPage,
  robots: RobotsVerdict,
  spec: JobSpec,
  deps: WorkerDeps,
  signal: AbortSignal,
): Promise<PageDraft> {
  let parsed: ParsedPage;
  try {
    const began = deps.clock.monotonic();
    parsed = read(page, response, spec, deps);
    deps.metrics?.pageParsed(deps.clock.monotonic() - began);
  } catch (error) {
    deps.logger.warn(
      { jobId: page.batch.jobId, run: page.batch.run, url: page.task.url, error: describeError(error) },
      'a page could not be parsed',
    );
    return failed(page, parseProblem(response, error), robots);
  }
  const body = await store(page, response, spec, deps, signal);
  const render = await keepRendering(page, got, deps, signal);
  return fetched(page, response, robots, parsed, body, render);
}

/** Of an error page only title and heading count: its links are the site's, not the page's, and often lead nowhere or in circles. */
function read(page: PageTry, response: FetchedResponse, spec: JobSpec, deps: WorkerDeps): ParsedPage {
  const { body, contentType, finalUrl, statusCode } = response;
  if (!body) return NO_PAGE;
  const { stage, depth } = page.task;
  const parsed = deps.parser.parse({ spec, stage, depth, finalUrl, contentType, body });
  return statusCode < 400 ? parsed : { ...parsed, links: NO_PAGE.links, items: NO_PAGE.items };
}

const parseProblem = (
  response: FetchedResponse,
  error: unknown,
): Partial<FetchOutcome> & { code: 'parse_error'; message: string } => ({
  code: 'parse_error',
  message: isParseError(error) ? error.message : 'The page could not be parsed',
  statusCode: response.statusCode,
  finalUrl: response.finalUrl,
  redirects: response.redirects,
  timing: response.timing,
});

/** The parser's own verdict is for people; any other error is a defect, whose text is for the log. */
const isParseError = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && error.code === 'parse_error';

/** Stored before the event that refers to it. */
async function store(
  page: PageTry,
  { raw, encoding, contentType, truncated, statusCode }: FetchedResponse,
  spec: JobSpec,
  deps: WorkerDeps,
  signal: AbortSignal,
): Promise<BodyRef | undefined> {
  if (!raw || raw.length === 0 || !keepsBody(spec.bodies, statusCode)) return undefined;
  const meta = { encoding, contentType, ...(truncated ? { truncated } : {}) };
  return hold(() => deps.bodies.put(page.batch.jobId, raw, meta), deps, signal, isPassing);
}

/** Screenshot and HAR, stored like bodies; they are asked for by the job, so its policy for bodies says nothing of them. */
async function keepRendering(
  page: PageTry,
  { rendering, screenshot, har }: GotPage,
  deps: WorkerDeps,
  signal: AbortSignal,
): Promise<Rendering | undefined> {
  if (!rendering) return undefined;
  const keep = (raw: Buffer, contentType: string): Promise<BodyRef> =>
    hold(
      () => deps.bodies.put(page.batch.jobId, raw, { encoding: 'identity', contentType }),
      deps,
      signal,
      isPassing,
    );
  return {
    ...rendering,
    ...(screenshot ? { screenshot: await keep(screenshot, 'image/png') } : {}),
    ...(har ? { har: await keep(har, 'application/json') } : {}),
  };
}
