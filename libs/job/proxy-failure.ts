import { canonicalUrl, type JobSpec } from '#libs/events';
import { failures, isFailureCode } from '#libs/failures';
import type { ProxyFailure } from './decide.js';
import { pageOfRange } from './resolve-spec.js';

/** What is known of the try that met a failing proxy. */
export interface FailedTry {
  url: string;
  attempt: number;
  code: string;
  /** What went wrong, as the egress says it. */
  message: string;
  /** Status of the proxy's answer; 0 without one. */
  statusCode: number;
  vendorText?: string | null | undefined;
  hint?: string | undefined;
}

const MARK = '7777777';

/** Which page of the range a URL is; null when it is none of it. */
export function pageNumberOf(pages: JobSpec['pages'], url: string): number | null {
  if (!pages) return null;
  // Canonical with a number in place, so that the pattern is of the form that page URLs have.
  const parts = canonicalUrl(pages.template.replaceAll('{page}', MARK))?.split(MARK);
  const [before, after] = [parts?.[0], parts?.[1]];
  if (before === undefined || after === undefined || !url.startsWith(before)) return null;
  const digits = /^\d+/.exec(url.slice(before.length))?.[0];
  const page = Number(digits ?? NaN);
  if (!(page >= pages.from && page <= pages.to)) return null;
  return pageOfRange(pages.template, page) === url ? page : null;
}

/** The command that goes on with a job. */
const resumeOf = (jobId: string): string =>
  `spoor crawl --resume ${jobId}, or POST /api/monitoring/control {"jobId":"${jobId}","action":"resume"}`;

/** What ProxyFailed records; its message says what went wrong, which page failed, how to fix it and how to go on. */
export function proxyFailure(jobId: string, spec: JobSpec, failed: FailedTry): ProxyFailure {
  const { url, attempt, code, statusCode } = failed;
  const page = pageNumberOf(spec.pages, url);
  const vendorText = failed.vendorText ?? null;
  const hint = failed.hint ?? failures[isFailureCode(code) ? code : 'internal'].hint;
  const resume = resumeOf(jobId);
  const said = vendorText === null ? '' : ` The proxy says: ${vendorText.replace(/\.?$/, '.')}`;
  const where = page === null ? `The page ${url} failed.` : `Page ${page} failed: ${url} .`;
  const what = `Proxy error: ${failed.message.replace(/\.?$/, '.')}${said} ${where}`;
  const mend = what.includes(hint) ? '' : ` ${hint}`;
  const message = `${what}${mend} Scraping stopped; nothing is lost. Resume: ${resume}.`;
  return { url, page, attempt, code, statusCode, message, vendorText, hint, resume };
}
