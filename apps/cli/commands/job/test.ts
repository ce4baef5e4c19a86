import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { TarArchive } from '#libs/adapters/job-archive';
import { archivedEvents, checkArchive, exportJob } from '#libs/engine/archive';
import { SpoorError } from '#libs/failures';
import { JobReplay } from '#libs/read-models';
import { EXIT } from '../../exit-codes.js';
import type { Finish } from '../../finish.js';
import { print, printRows, withLog } from '../../job-command.js';
import { FIXTURE, ROWS, SPEC, specText } from '../../job-test.js';
import { say } from '../../say.js';

interface Options {
  out?: string;
  force?: boolean;
}

/** `spoor job test <jobId>`: what happened once, held fast for every later version of the code. */
export function addJobTest(job: Command, finish: Finish): void {
  job
    .command('test')
    .argument('<jobId>')
    .description('the job as a fixture, with a Jest spec that replays it offline against the code of the day')
    .option('--out <folder>', 'where they go (default: test/jobs/<jobId>)')
    .option('--force', 'replace a fixture that is there')
    .action((jobId: string, { out = join('test', 'jobs', jobId), force = false }: Options) =>
      withLog(async ({ log, bodies, config: { shards } }) => {
        const folder = resolve(out);
        makeFolder(folder, out);
        const archive = new TarArchive(join(folder, FIXTURE));
        const options = { withBodies: true, replace: force };
        await exportJob({ eventLog: log.eventLog, bodies, shards }, jobId, archive, options);
        // Read back, so that spec and rows tell of what is in the file.
        const { manifest } = await checkArchive(archive);
        const replay = new JobReplay(jobId);
        for await (const event of archivedEvents(archive)) replay.apply(event);
        const rows = replay.rows();
        writeFileSync(join(folder, ROWS), rows.map((row) => `${row}\n`).join(''));
        writeFileSync(join(folder, SPEC), specText(jobId, manifest.events.count, replay));
        print(`${jobId}: a test in ${out}`);
        printRows([
          [FIXTURE, `${manifest.events.count} events, ${manifest.bodies?.files.length ?? 0} bodies`],
          [ROWS, `${rows.length} rows`],
          [SPEC, `holds status, counts, proof and rows: npm test -- ${relative(process.cwd(), folder)}`],
        ]);
        say(
          'The rows are what this version makes of the history; where that is the defect, mend it and run it again.',
        );
        finish(EXIT.done);
      }),
    );
}

function makeFolder(folder: string, named: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new SpoorError(
      'invalid_request',
      `--out: ${named} cannot be made.`,
      { field: '--out', hint: 'Name a folder that this user may write to.' },
      { cause: error },
    );
  }
}
