import type { Command } from 'commander';
import { TarArchive } from '#libs/adapters/job-archive';
import { keepArchive, type KeptArchive } from '#libs/engine/archive';
import { SpoorError } from '#libs/failures';
import type { Resources } from '#libs/hosting';
import { everyTwoSeconds } from '../../every-two-seconds.js';
import { EXIT } from '../../exit-codes.js';
import type { Finish } from '../../finish.js';
import { output, print, withEngine, type Output } from '../../job-command.js';
import { command, say } from '../../say.js';
import { archiveFile } from './archive-file.js';

interface Options extends Output {
  yes?: boolean;
  keepArchive?: string;
  reason?: string;
}

/** `spoor job rm <jobId>`: what was interrupted is finished by repeating it, or by the coordinator. */
export function addJobRm(job: Command, finish: Finish): void {
  job
    .command('rm')
    .argument('<jobId>')
    .description('take a job that is not running out of the log, its bodies and rows too; a tombstone stays')
    .option('--yes', 'do it; without this it only says what would go')
    .option(
      '--keep-archive <file.tar.gz>',
      'export it with its bodies first; it goes only when that is complete',
    )
    .option('--reason <text>', 'why; kept in the history')
    .addOption(output())
    .action((jobId: string, options: Options) =>
      withEngine(async (resources) => finish(await remove(resources, jobId, options))),
    );
}

async function remove(resources: Resources, jobId: string, options: Options): Promise<number> {
  const { jobs } = resources;
  const { yes, reason, keepArchive: file, output: format } = options;
  const report = await jobs.report(jobId);
  if (!report) throw new SpoorError('job_not_found', `There is no job ${jobId}.`, { field: 'jobId' });
  if (!yes)
    throw new SpoorError(
      'invalid_request',
      `Nothing was removed: job ${jobId} (${report.state.status}) has ${report.position.counts.discovered} pages.`,
      {
        field: '--yes',
        hint: `There is no way back. Keep a copy with --keep-archive ${jobId}.tar.gz; then add --yes.`,
      },
    );
  // A running one is refused before anything is written; of a removed one nothing is left, and the removal is only finished.
  const isWhole = !['running', 'removed'].includes(report.state.status);
  const kept = file !== undefined && isWhole && (await keep(resources, jobId, file));
  const answer = await jobs.remove(jobId, { reason, ...(kept ? { expectedSeq: kept.lastSeq } : {}) });
  if (format === 'json') print(JSON.stringify(answer));
  else print(`${jobId}: ${answer.status} (event ${answer.seq})`);
  return EXIT.done;
}

async function keep({ log, bodies, config }: Resources, jobId: string, file: string): Promise<KeptArchive> {
  const deps = { eventLog: log.eventLog, bodies, shards: config.shards };
  const onProgress = everyTwoSeconds((events) => say(`${events} events read`));
  const kept = await keepArchive(deps, jobId, new TarArchive(archiveFile(file, '--keep-archive')), {
    onProgress,
  });
  const { events, bodies: kind } = kept.manifest;
  const whose = kept.already ? 'was written before; ' : '';
  say(`${file}: ${whose}${events.count} events and ${kind?.files.length ?? 0} bodies, checked`);
  say(`Have it back: ${command(`job import ${file}`)}`);
  return kept;
}
