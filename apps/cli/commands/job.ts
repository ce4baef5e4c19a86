import { Option, type Command } from 'commander';
import { loadConfig } from '#libs/config';
import type { CommandAnswer, CommandOptions } from '#libs/engine';
import type { JobRow } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import { openResources, type Resources } from '#libs/hosting';
import { wholeNumber } from '../crawl-spec.js';
import type { Finish } from '../finish.js';
import { say } from '../say.js';

interface Output {
  output: 'text' | 'json';
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const output = (): Option =>
  new Option('--output <format>', 'what is printed').choices(['text', 'json']).default('text');

async function withEngine(work: (resources: Resources) => Promise<void>): Promise<void> {
  const resources = await openResources(
    { ...loadConfig(), ...(process.env.SPOOR_LOG_LEVEL ? {} : { logLevel: 'error' as const }) },
    { name: 'job' },
  );
  try {
    await work(resources);
  } finally {
    await resources.close();
  }
}

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
    .addOption(output())
    .action(({ limit, output: format }: Output & { limit: number }) =>
      withEngine(async ({ database }) => {
        const { rows } = await (await database()).readModels.jobs({}, limit);
        if (format === 'json') print(JSON.stringify(rows));
        else rows.forEach((one) => print(row(one)));
        finish(0);
      }),
    );

  job
    .command('status')
    .argument('<jobId>')
    .description('where a job stands, and why')
    .addOption(output())
    .action((jobId: string, { output: format }: Output) =>
      withEngine(async (resources) => {
        const state = await resources.jobs.state(jobId);
        if (!state) throw new SpoorError('job_not_found', `There is no job ${jobId}.`, { field: 'jobId' });
        const counts = await (await resources.database()).readModels.job(jobId);
        const { status, run, generation, lastError, reason } = state;
        if (format === 'json')
          print(JSON.stringify({ jobId, status, run, generation, lastError, reason, counts }));
        else {
          print(`${jobId}: ${status}, run ${run}, generation ${generation}`);
          if (counts)
            print(`  ${counts.fetched} fetched, ${counts.failed} failed, ${counts.skipped} skipped`);
          if (lastError) print(`  ${lastError.message}\n  ${lastError.hint}`);
          if (reason) print(`  reason: ${reason}`);
        }
        finish(0);
      }),
    );

  const command = (
    name: 'pause' | 'stop' | 'resume' | 'restart',
    description: string,
    then: string,
  ): void => {
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
  command('resume', 'go on behind what has an outcome', needsEngine);
  command('restart', 'a new generation: every page again; nothing is deleted', needsEngine);
}
