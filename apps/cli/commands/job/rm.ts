import type { Command } from 'commander';
import { SpoorError } from '#libs/failures';
import type { Resources } from '#libs/hosting';
import { EXIT } from '../../exit-codes.js';
import type { Finish } from '../../finish.js';
import { output, print, withEngine, type Output } from '../../job-command.js';
import { command } from '../../say.js';

interface Options extends Output {
  yes?: boolean;
  reason?: string;
}

/** `spoor job rm <jobId>`: what was interrupted is finished by repeating it, or by the coordinator. */
export function addJobRm(job: Command, finish: Finish): void {
  job
    .command('rm')
    .argument('<jobId>')
    .description('take a job that is not running out of the log, its bodies and rows too; a tombstone stays')
    .option('--yes', 'do it; without this it only says what would go')
    .option('--reason <text>', 'why; kept in the history')
    .addOption(output())
    .action((jobId: string, options: Options) =>
      withEngine(async (resources) => finish(await remove(resources, jobId, options))),
    );
}

async function remove({ jobs }: Resources, jobId: string, options: Options): Promise<number> {
  const { yes, reason, output: format } = options;
  const report = await jobs.report(jobId);
  if (!report) throw new SpoorError('job_not_found', `There is no job ${jobId}.`, { field: 'jobId' });
  if (!yes)
    throw new SpoorError(
      'invalid_request',
      `Nothing was removed: job ${jobId} (${report.state.status}) has ${report.position.counts.discovered} pages.`,
      {
        field: '--yes',
        hint: `There is no way back. Keep a copy: ${command(`job export ${jobId} --bodies ${jobId}.tar.gz`)}. Then add --yes.`,
      },
    );
  const answer = await jobs.remove(jobId, { reason });
  if (format === 'json') print(JSON.stringify(answer));
  else print(`${jobId}: ${answer.status} (event ${answer.seq})`);
  return EXIT.done;
}
