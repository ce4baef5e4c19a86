import { InvalidArgumentError, type Command } from 'commander';
import { KEY_ID } from '#libs/accounts';
import { TarArchive } from '#libs/adapters/job-archive';
import { importJob, type ImportAnswer } from '#libs/engine/archive';
import { everyTwoSeconds } from '../../every-two-seconds.js';
import { EXIT } from '../../exit-codes.js';
import type { Finish } from '../../finish.js';
import { output, print, printRows, withLog, type Output } from '../../job-command.js';
import { command, say } from '../../say.js';

interface Options extends Output {
  as?: string;
  reason?: string;
  owner?: string;
}

/** `spoor job import <file>`: what was interrupted is finished by repeating it. */
export function addJobImport(job: Command, finish: Finish): void {
  job
    .command('import')
    .argument('<file.tar.gz>')
    .description('a job of an archive that spoor job export wrote; it does not run before it is resumed')
    .option('--as <jobId>', 'id of the job (its own where that was never used here, else a new one)')
    .option('--owner <keyId>', "id of the API key whose job it becomes (the operator's)", keyId)
    .option('--reason <text>', 'why; kept in the history')
    .addOption(output())
    .action((file: string, { as, reason, owner, output: format }: Options) =>
      withLog(async ({ log, bodies, clock, config: { shards } }) => {
        const onProgress = everyTwoSeconds((events) => say(`${events} events imported`));
        const deps = { eventLog: log.eventLog, bodies, clock, shards };
        const answer = await importJob(deps, new TarArchive(file), { as, reason, owner, onProgress });
        if (format === 'json') print(JSON.stringify(answer));
        else printAnswer(answer);
        say(`Look at it: ${command(`job explain ${answer.jobId}`)}`);
        finish(EXIT.done);
      }),
    );
}

/** A job of a key that there cannot be would be nobody's. */
function keyId(text: string): string {
  if (KEY_ID.test(text)) return text;
  throw new InvalidArgumentError('It is the id of an API key, as spoor key ls shows it.');
}

function printAnswer({ jobId, from, status, seq, events, bodies, already }: ImportAnswer): void {
  if (already) return print(`${jobId}: ${status}; this archive was imported before (event ${seq})`);
  print(`${jobId}: ${status}, imported from the archive of ${from.jobId} up to its event ${from.seq}`);
  const id =
    jobId === from.jobId ? [] : [`a new one: ${from.jobId} is or was a job here, or another was wanted`];
  printRows([
    ['events', String(events)],
    ['bodies', String(bodies)],
    ...(id.length > 0 ? [['id', ...id] as [string, ...string[]]] : []),
  ]);
}
