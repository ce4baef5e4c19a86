import { Option, type Command } from 'commander';
import type { CommandAnswer, CommandOptions } from '#libs/engine';
import type { JobRow } from '#libs/engine/ports';
import { wholeNumber } from '../crawl-spec.js';
import type { Finish } from '../finish.js';
import { output, print, withEngine, type Output } from '../job-command.js';
import { say } from '../say.js';
import { addJobResume } from './job-resume.js';
import { addRetry } from './job-retry.js';
import { addJobStatus } from './job-status.js';

const STATUSES = ['running', 'paused', 'stopped', 'error', 'done', 'removed'] as const;

const row = (job: JobRow): string =>
  [
    job.jobId,
    job.status.padEnd(8),
    `${job.fetched} fetched, ${job.failed} failed, ${job.skipped} skipped`.padEnd(40),
    job.name ?? job.spec.scope.hosts[0] ?? '',
  ].join('  ');

/** `spoor job …`: what a person does with jobs. */
export function addJob(program: Command, finish: Finish): void {
  const job = program.command('job').description('look at jobs and command them').exitOverride();

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

  addJobStatus(job, finish);
  addJobResume(job, finish);

  const command = (name: 'pause' | 'stop' | 'restart', description: string, then: string): void => {
    job
      .command(name)
      .argument('<jobId>')
      .description(description)
      .option('--reason <text>', 'why; kept in the history')
      .addOption(output())
      .action((jobId: string, { reason, output: format }: Output & CommandOptions) =>
        withEngine(async ({ jobs }) => {
          const answer: CommandAnswer = await jobs[name](jobId, { reason });
          if (format === 'json') print(JSON.stringify(answer));
          else print(`${jobId}: ${answer.status}, run ${answer.run} (event ${answer.seq})`);
          say(then);
          finish(0);
        }),
      );
  };
  command('pause', 'release nothing more; what is in flight finishes', 'Go on: spoor job resume <jobId>');
  command('stop', 'end the run now; what is in flight stays open', 'Go on: spoor job resume <jobId>');
  const needsEngine = 'It is fetched by the engine that runs (spoor up), or by spoor crawl --resume <jobId>.';
  command('restart', 'a new generation: every page again; nothing is deleted', needsEngine);
  addRetry(job, finish);
}
