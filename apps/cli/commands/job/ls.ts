import { Option, type Command } from 'commander';
import type { JobRow } from '#libs/engine/ports';
import { wholeNumber } from '../../crawl-spec.js';
import type { Finish } from '../../finish.js';
import { output, print, withEngine, type Output } from '../../job-command.js';

const STATUSES = ['running', 'paused', 'stopped', 'error', 'done', 'removed'] as const;

/** Ids of keys are that long. */
const OWNER_CHARS = 16;

const row = (job: JobRow): string =>
  [
    job.jobId,
    job.status.padEnd(8),
    `${job.fetched} fetched, ${job.failed} failed, ${job.skipped} skipped`.padEnd(40),
    (job.owner ?? 'operator').padEnd(OWNER_CHARS),
    job.name ?? job.spec.scope.hosts[0] ?? '',
  ].join('  ');

/** `spoor job ls`: from the read models. */
export function addJobLs(job: Command, finish: Finish): void {
  job
    .command('ls')
    .description('all jobs, the newest first')
    .option('--limit <n>', 'at most', wholeNumber('--limit'), 50)
    .addOption(new Option('--status <status>', 'only these').choices(STATUSES))
    .addOption(output())
    .action(({ limit, status, output: format }: Output & { limit: number; status?: JobRow['status'] }) =>
      withEngine(async ({ database }) => {
        const filter = status === undefined ? {} : { status };
        const { rows } = await (await database()).readModels.jobs(filter, limit);
        if (format === 'json') print(JSON.stringify(rows));
        else rows.forEach((one) => print(row(one)));
        finish(0);
      }),
    );
}
