import type { Command } from 'commander';
import { TarArchive } from '#libs/adapters/job-archive';
import { exportJob, type ArchiveManifest } from '#libs/engine/archive';
import { SpoorError } from '#libs/failures';
import { everyTwoSeconds } from '../../every-two-seconds.js';
import { EXIT } from '../../exit-codes.js';
import type { Finish } from '../../finish.js';
import { output, print, printRows, withLog, type Output } from '../../job-command.js';
import { command, say } from '../../say.js';
import { archiveFile } from './archive-file.js';

interface Options extends Output {
  bodies?: string;
  out?: string;
  force?: boolean;
}

/** `spoor job export <jobId>`: the job as a file, for another engine or for a test. */
export function addJobExport(job: Command, finish: Finish): void {
  job
    .command('export')
    .argument('<jobId>')
    .description('the job as one file: its events, with --bodies the stored bodies too')
    .option('--bodies <file.tar.gz>', 'events and bodies into this file')
    .option('--out <file.tar.gz>', 'events alone into this file')
    .option('--force', 'replace the file when there is one')
    .addOption(output())
    .action((jobId: string, options: Options) =>
      withLog(async ({ log, bodies, config: { shards } }) => {
        const { file, withBodies } = target(options);
        const onProgress = everyTwoSeconds((events) => say(`${events} events read`));
        const manifest = await exportJob(
          { eventLog: log.eventLog, bodies, shards },
          jobId,
          new TarArchive(file),
          { withBodies, replace: options.force ?? false, onProgress },
        );
        if (options.output === 'json') print(JSON.stringify({ file, ...manifest }));
        else printExported(file, manifest);
        say(`Have it anywhere: ${command(`job import ${file}`)}`);
        finish(EXIT.done);
      }),
    );
}

function target({ bodies, out }: Options): { file: string; withBodies: boolean } {
  if (bodies !== undefined && out === undefined)
    return { file: archiveFile(bodies, '--bodies'), withBodies: true };
  if (out !== undefined && bodies === undefined)
    return { file: archiveFile(out, '--out'), withBodies: false };
  throw new SpoorError('invalid_request', 'Name the file either with --bodies or with --out.', {
    ...{ field: '--bodies', hint: 'With bodies: --bodies job.tar.gz; the events alone: --out job.tar.gz.' },
  });
}

function printExported(file: string, { jobId, range, events, bodies }: ArchiveManifest): void {
  print(`${jobId}: exported to ${file}`);
  const lost = events.unreadable > 0 ? [`${events.unreadable} of them cannot be read by this version`] : [];
  const missing =
    bodies && bodies.missing.length > 0 ? [`${bodies.missing.length} are not kept any more`] : [];
  printRows([
    ['events', `${events.count}, from ${range.first} to ${range.last}`, ...lost],
    ['bodies', ...(bodies ? [String(bodies.files.length), ...missing] : ['left out'])],
  ]);
}
