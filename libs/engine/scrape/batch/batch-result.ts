import type { BatchUrl, BodyRef } from '#libs/events';
import {
  failures,
  isFailureCode,
  ScrapeError,
  scrapeErrorOf,
  scrapeFailures,
  type ScrapeCode,
} from '#libs/failures';
import type { JobStatus } from '#libs/job';
import type { Bodies, ContentReader } from '../../ports/index.js';
import { contentOf, SCRAPE_LIMITS, type Content } from '../fetch-content.js';
import { FORMATS } from '../read-request.js';
import type { BatchFold, Ending } from './batch-fold.js';

export interface ResultDeps {
  bodies: Pick<Bodies, 'get'>;
  /** A stored body without its coding, up to `maxBytes`. */
  decode(raw: Buffer, body: BodyRef, maxBytes: number): Promise<Buffer>;
  reader: ContentReader;
}

/** What became of one URL. */
export interface BatchResult extends BatchUrl {
  index: number;
  /** Server's clock, ms; null: it was never to be fetched. */
  at: number | null;
  outcome: { ok: true; content: Content } | { ok: false; error: ScrapeError };
}

/** The result of a place in the batch as the single endpoint would have told it; null while there is none. */
export async function resultAt(
  fold: BatchFold,
  index: number,
  deps: ResultDeps,
): Promise<BatchResult | null> {
  const url = fold.batch?.urls[index];
  if (!url || !fold.state) return null;
  const result = (at: number | null, outcome: BatchResult['outcome']): BatchResult => ({
    ...url,
    index,
    at,
    outcome,
  });
  if (url.refused) return result(null, { ok: false, error: refusalOf(url.refused) });
  const ending = fold.endingOf(index);
  if (ending === null) {
    const error = errorOfOpen(fold.state.status);
    return error && result(fold.state.updatedAt, { ok: false, error });
  }
  try {
    return result(ending.storedAt, { ok: true, content: await contentAfter(ending, url, deps) });
  } catch (error) {
    if (error instanceof ScrapeError) return result(ending.storedAt, { ok: false, error });
    throw error;
  }
}

const refusalOf = ({ code, message }: NonNullable<BatchUrl['refused']>): ScrapeError => {
  const known: ScrapeCode = code in scrapeFailures ? (code as ScrapeCode) : 'internal_error';
  return new ScrapeError(known, message, known === 'invalid_format' ? { valid_formats: FORMATS } : {});
};

/** Of a URL that nobody is going to fetch as things are; null: it is still to come. */
function errorOfOpen(status: JobStatus): ScrapeError | null {
  if (status === 'running' || status === 'paused') return null;
  // What failed is our way to the site, of which a client learns no more than that it did.
  if (status === 'error') return new ScrapeError('connection_error');
  return new ScrapeError('internal_error', 'The batch was stopped before this URL was fetched.');
}

/** @throws ScrapeError */
async function contentAfter(ending: Ending, { format }: BatchUrl, deps: ResultDeps): Promise<Content> {
  if (ending.type === 'PageSkipped') throw new ScrapeError('url_blocked', failures.robots_disallowed.hint);
  if (ending.type === 'FetchFailed') {
    const { code, redirects } = ending.data;
    throw isFailureCode(code) ? scrapeErrorOf(code, redirects.length > 0) : new ScrapeError('internal_error');
  }
  const { statusCode, headers, receivedBytes, contentType, contentLength, body } = ending.data;
  const { maxBytes } = SCRAPE_LIMITS;
  const truncated = body?.truncated === true || contentLength > maxBytes;
  // What is refused by status or size is refused without a look at its body.
  const isRead = statusCode < 400 && !truncated && body !== undefined;
  const bytes = isRead ? await decoded(ending.jobId, body, deps) : null;
  return contentOf(
    { statusCode, headers, receivedBytes, contentType, truncated, body: bytes },
    format,
    deps.reader,
  );
}

async function decoded(jobId: string, body: BodyRef, { bodies, decode }: ResultDeps): Promise<Buffer> {
  const raw = await bodies.get(jobId, body.sha256);
  if (raw === null) throw new ScrapeError('internal_error', 'The content of this URL is not kept any more.');
  // It was decoded when it came, so what is there now is damaged; that must not stand in the way of others.
  return decode(raw, body, SCRAPE_LIMITS.maxBytes + 1).catch((error: unknown) => {
    throw new ScrapeError(
      'internal_error',
      'The content of this URL cannot be read any more.',
      {},
      { cause: error },
    );
  });
}
