import type { Command } from 'commander';
import type { Finish } from '../../finish.js';
import { say } from '../../say.js';
import { output, print, withEngine, type Output } from '../../job-command.js';
import { plain } from '../../plain.js';

interface RetryOptions extends Output {
  errorCode?: string;
  status?: string;
  outcome?: string;
  urlPattern?: string;
  host?: string;
  stage?: string;
  page?: string;
  url: string[];
  reason?: string;
  dryRun?: boolean;
}

/** `503` as a number, `5xx` as it is; whether it is either is for the filter to say. */
export const statusOf = (text: string | undefined): number | string | undefined =>
  text !== undefined && /^\d{1,3}$/.test(text) ? Number(text) : text;

/** What was typed, as the filter or the list that it means; still to be checked. */
function selectionOf(options: RetryOptions): { filter?: object; urls?: string[] } {
  const { errorCode, status, outcome, urlPattern, host, stage, page, url } = options;
  const conditions = {
    errorCode,
    statusCode: statusOf(status),
    outcome,
    urlPattern,
    host,
    stage,
    pageId: page,
  };
  const filter = Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== undefined));
  const isFiltered = Object.keys(filter).length > 0;
  return { ...(isFiltered || url.length === 0 ? { filter } : {}), ...(url.length > 0 ? { urls: url } : {}) };
}

/** `spoor job retry`: pages that have an outcome, once more. */
export function addRetry(job: Command, finish: Finish): void {
  job
    .command('retry')
    .argument('<jobId>')
    .description(
      'fetch pages again that have an outcome; attempts start from 0, the new outcome takes the place of the old',
    )
    .option('--error-code <code>', 'pages that failed so, for example timeout or http_5xx')
    .option('--status <code>', 'pages with this status code, or class: 503, 5xx')
    .option('--outcome <outcome>', 'fetched, failed or skipped')
    .option('--url-pattern <expression>', 'RE2 expression that the URL holds')
    .option('--host <host>', 'host or host:port')
    .option('--stage <name>', 'pages of one stage')
    .option('--page <pageId>', 'one page by its id')
    .option(
      '--url <url>',
      'a page by its URL; more than once for more',
      (url, all: string[]) => [...all, url],
      [],
    )
    .option('--reason <text>', 'why; kept in the history')
    .option('--dry-run', 'say which pages that would be, and change nothing')
    .addOption(output())
    .action((jobId: string, options: RetryOptions) =>
      withEngine(async ({ jobs }) => {
        const selection = selectionOf(options);
        const { reason, dryRun = false, output: format } = options;
        const answer = dryRun
          ? { jobId, dryRun, ...(await jobs.planRequeue(jobId, selection)) }
          : await jobs.requeue(jobId, { ...selection, reason });
        if (format === 'json') print(JSON.stringify(answer));
        else {
          print(`${jobId}: ${answer.pages} pages ${dryRun ? 'would be' : 'are'} fetched again`);
          for (const url of answer.urls) print(`  ${plain(url)}`);
          if (answer.pages > answer.urls.length) print(`  … and ${answer.pages - answer.urls.length} more`);
        }
        if (!dryRun)
          say('They are fetched by the engine that runs (spoor up), or by spoor crawl --resume <jobId>.');
        finish(0);
      }),
    );
}
