import { Option, type Command } from 'commander';
import { explainPage } from '#libs/engine';
import type { JobState } from '#libs/job';
import type { PageFilter, PageRow, SkippedPage } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import type { Resources } from '#libs/hosting';
import { wholeNumber } from '../crawl-spec.js';
import type { Finish } from '../finish.js';
import { whyLines } from '../page-why.js';
import { say } from '../say.js';
import { output, print, withEngine, type Output } from '../job-command.js';
import { plain } from '../plain.js';
import { statusOf } from './job/retry.js';

interface ListOptions extends Output {
  outcome?: 'fetched' | 'failed' | 'skipped';
  status?: string;
  errorCode?: string;
  robotsBlocked?: boolean;
  host?: string;
  stage?: string;
  q?: string;
  limit: number;
}

/** `spoor page …`: what became of the pages of a job. */
export function addPage(program: Command, finish: Finish): void {
  const page = program
    .command('page')
    .description('look at pages, and why they are as they are')
    .exitOverride();

  page
    .command('ls')
    .argument('<jobId>')
    .description('pages with an outcome, in the order in which they were recorded')
    .addOption(new Option('--outcome <outcome>').choices(['fetched', 'failed', 'skipped']))
    .option('--status <code>', 'status code or class: 503, 5xx')
    .option('--error-code <code>', 'for example timeout or http_5xx')
    .option('--robots-blocked', 'pages that robots.txt disallows')
    .option('--host <host>', 'host or host:port')
    .option('--stage <name>', 'pages of one stage')
    .option('--q <text>', 'part of the URL or title')
    .option('--limit <n>', 'at most', wholeNumber('--limit'), 50)
    .addOption(output())
    .action((jobId: string, options: ListOptions) =>
      withEngine(async (resources) => {
        await stateOf(resources, jobId);
        const { readModels } = await resources.database();
        const { rows, next } =
          options.outcome === 'skipped'
            ? await readModels.skipped(jobId, {}, options.limit)
            : await readModels.pages(jobId, filterOf(options), options.limit);
        if (options.output === 'json') print(JSON.stringify(rows));
        else for (const row of rows) print(lineOf(row));
        if (next !== null) say(`there are more; --limit ${options.limit * 10} shows them`);
        finish(0);
      }),
    );

  page
    .command('why')
    .argument('<jobId>')
    .argument('<url>')
    .description(
      'all that is known of one URL: outcome, attempts, redirects, robots.txt, evidence, or why there is none',
    )
    .addOption(output())
    .action((jobId: string, url: string, { output: format }: Output) =>
      withEngine(async (resources) => {
        const { generation } = await stateOf(resources, jobId);
        const { readModels } = await resources.database();
        const { eventLog } = resources.log;
        const found = await explainPage({ eventLog, readModels }, jobId, generation, url);
        if (format === 'json') print(JSON.stringify(found));
        else whyLines(found).forEach(print);
        finish(0);
      }),
    );
}

async function stateOf({ jobs }: Resources, jobId: string): Promise<JobState> {
  const state = await jobs.state(jobId);
  if (state) return state;
  throw new SpoorError('job_not_found', `There is no job ${jobId}.`, { field: 'jobId' });
}

function filterOf({ outcome, status, errorCode, robotsBlocked, host, stage, q }: ListOptions): PageFilter {
  const statusCode = statusOf(status);
  if (typeof statusCode === 'string' && !/^[1-9]xx$/.test(statusCode))
    throw new SpoorError('invalid_request', `--status takes a code such as 503, or 5xx, not ${statusCode}.`, {
      field: '--status',
    });
  const given = { outcome, statusCode, errorCode, robotsBlocked, host, stage, q };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function lineOf(row: PageRow | SkippedPage): string {
  if ('reason' in row)
    return `skipped  ${plain(row.code).padEnd(18)}  ${plain(row.url)}  ${plain(row.reason)}`;
  const { statusCode, errorCode, url, title, robotsBlocked } = row;
  const why = errorCode ?? (robotsBlocked ? 'robots_disallowed' : '');
  return `${String(statusCode).padStart(3)}  ${why.padEnd(18)}  ${plain(url)}${title ? `  ${plain(title)}` : ''}`;
}
