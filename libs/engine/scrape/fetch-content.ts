import { failures, ScrapeError, scrapeErrorOf, scrapeErrorOfStatus } from '#libs/failures';
import type { ProxySpec, RobotsVerdict } from '#libs/events';
import type { ContentReader, FetchedResponse, Fetcher, Robots } from '../ports/index.js';
import type { ScrapeFormat } from './read-request.js';

export const SCRAPE_LIMITS = { timeoutMs: 30_000, maxBytes: 2 * 1024 * 1024, maxRedirects: 3 };

export interface ContentDeps {
  fetcher: Fetcher;
  robots: Robots;
  reader: ContentReader;
}

export interface ContentOptions {
  userAgent: string;
  /** `obey` answers url_blocked where robots.txt disallows; `ignore` does not ask. */
  robots: 'obey' | 'ignore';
  proxy?: { spec: ProxySpec; session: string } | undefined;
}

export interface Content {
  /** Text, or a parsed value for `json`. */
  content: unknown;
  statusCode: number;
  /** Bytes over the wire. */
  bytes: number;
  /** Node that fetched it; null: this process. */
  nodeId: string | null;
}

/**
 * One page now, without a job: the engine's own fetch and guard, with the limits of the scrape endpoint.
 * @throws ScrapeError
 */
export async function fetchContent(
  url: string,
  format: ScrapeFormat,
  deps: ContentDeps,
  options: ContentOptions,
  signal: AbortSignal,
): Promise<Content> {
  await checkRobots(url, deps, options, signal);
  const { timeoutMs, maxBytes, maxRedirects } = SCRAPE_LIMITS;
  const { userAgent, proxy } = options;
  const outcome = await deps.fetcher.fetch({
    ...{ url, userAgent, timeoutMs, maxRedirects, signal, proxy },
    // One byte more tells a body that is too long from one that just fits.
    maxBodyBytes: maxBytes + 1,
    readBody: true,
  });
  if (!outcome.ok) throw scrapeErrorOf(outcome.code, outcome.redirects.length > 0);
  try {
    return contentOf(outcome, format, deps.reader);
  } finally {
    outcome.release?.();
  }
}

/** What there is to know of a response to say what a scrape answers. */
export type ScrapedResponse = Pick<
  FetchedResponse,
  'statusCode' | 'truncated' | 'body' | 'headers' | 'receivedBytes' | 'contentType'
>;

/** @throws ScrapeError */
export function contentOf(response: ScrapedResponse, format: ScrapeFormat, reader: ContentReader): Content {
  const { statusCode, receivedBytes } = response;
  if (statusCode >= 400) throw scrapeErrorOfStatus(statusCode);
  checkSize(response);
  return { content: read(response, format, reader), statusCode, bytes: receivedBytes, nodeId: null };
}

async function checkRobots(
  url: string,
  { robots }: ContentDeps,
  { userAgent, robots: policy, proxy }: ContentOptions,
  signal: AbortSignal,
): Promise<void> {
  if (policy === 'ignore') return;
  const verdict: RobotsVerdict = await robots.check({
    ...{ url, userAgent, policy, signal, proxy },
    maxCrawlDelayMs: 0,
  });
  if (!verdict.allowed) throw new ScrapeError('url_blocked', failures.robots_disallowed.hint);
}

function checkSize({ body, truncated, headers, receivedBytes }: ScrapedResponse): void {
  const { maxBytes } = SCRAPE_LIMITS;
  if (!truncated && (body?.length ?? 0) <= maxBytes) return;
  const announced = Number(headers['content-length'] ?? 0);
  throw new ScrapeError('response_too_large', undefined, {
    max_bytes: maxBytes,
    received_bytes: Math.max(receivedBytes, Number.isSafeInteger(announced) ? announced : 0, maxBytes + 1),
  });
}

function read({ body, contentType }: ScrapedResponse, format: ScrapeFormat, reader: ContentReader): unknown {
  const read = reader.read(body ?? Buffer.alloc(0), contentType);
  if (read.kind === 'binary')
    throw new ScrapeError(read.saysText ? 'invalid_html' : 'unsupported_content_type');
  if (read.text.trim() === '') throw new ScrapeError('empty_response');
  if (format === 'json') return parseJson(read.text);
  if (format === 'html') return read.text;
  const text = read.kind === 'html' ? readable(read.text, reader) : read.text.trim();
  if (text === '') throw new ScrapeError('empty_response');
  return text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ScrapeError('invalid_json');
  }
}

function readable(html: string, reader: ContentReader): string {
  try {
    return reader.readableText(html).trim();
  } catch (error) {
    throw new ScrapeError('parsing_error', undefined, {}, { cause: error });
  }
}
