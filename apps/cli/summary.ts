import type { JobSummary } from '#libs/engine/results';
import { failures, isFailureCode } from '#libs/failures';
import { command, say } from './say.js';

const bytes = (n: number): string =>
  n < 1024 ? `${n} B` : n < 1024 ** 2 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / 1024 ** 2).toFixed(1)} MiB`;

/**
 * What was done and where to look next.
 * @param engineUrl of an engine that runs here and shows the job; null: there is none
 */
export function saySummary(summary: JobSummary, out: string, engineUrl: string | null): void {
  const { jobId, status, run, pages, statusCodes, redirects, retries, durationMs } = summary;
  const seconds = durationMs / 1000;
  const codes = Object.entries(statusCodes).map(([code, n]) => `${n} × ${code}`);
  say('');
  say(`job ${jobId}: ${status}${run > 1 ? `, run ${run}` : ''}`);
  say(
    `  pages    ${pages.discovered} known = ${pages.fetched} fetched + ${pages.failed} failed + ${pages.skipped} skipped + ${pages.open} open`,
  );
  if (codes.length) say(`  answers  ${codes.join(', ')}; ${redirects} redirects, ${retries} retries`);
  say(
    `  took     ${seconds.toFixed(1)} s, ${Math.round(pages.fetched / Math.max(seconds, 0.001))} pages/s, ${bytes(summary.bytes)} received`,
  );
  say(`  results  ${out}`);
  for (const { code, count, url } of summary.problems.slice(0, 5)) {
    say(`  ${`${count} ×`.padEnd(8)} ${code}, such as ${url}`);
    if (isFailureCode(code)) say(`           ${failures[code].hint}`);
  }
  if (summary.error) {
    say(`  stopped  ${summary.error.message}`);
    if (!summary.error.message.includes(summary.error.hint)) say(`           ${summary.error.hint}`);
  } else if (summary.reason) say(`  reason   ${summary.reason}`);
  if (status !== 'done') say(`  go on    ${command(`crawl --resume ${jobId}`)}`);
  const page = engineUrl === null ? `${command('up')}, then http://127.0.0.1:8080` : engineUrl;
  say(`  look     ${command(`job status ${jobId}`)}  ·  ${page}/sessions/${jobId} (API: /api/docs)`);
}

/** The one line that stdout carries with --output json. */
export function summaryJson(summary: JobSummary, out: string): string {
  const { jobId, status, run, pages, statusCodes, redirects, retries, bytes: received, durationMs } = summary;
  const { discovered, fetched, failed, skipped } = pages;
  return JSON.stringify({
    jobId,
    status,
    run,
    pages: { discovered, fetched, failed, skipped },
    statusCodes,
    redirects,
    retries,
    bytes: received,
    durationMs,
    out,
  });
}
