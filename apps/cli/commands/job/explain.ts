import type { Command } from 'commander';
import type { Finish } from '../../finish.js';
import { explainedRows } from '../../job-explained.js';
import { output, print, printRows, withLog, type Output } from '../../job-command.js';

/** `spoor job explain <jobId>`: one screen for whoever has a job that did not do what it should. */
export function addJobExplain(job: Command, finish: Finish): void {
  job
    .command('explain')
    .argument('<jobId>')
    .description(
      'why a job stands where it stands: what failed first, what waits for what, and how it goes on',
    )
    .addOption(output())
    .action((jobId: string, { output: format }: Output) =>
      withLog(async ({ histories }) => {
        const found = await histories.explain(jobId);
        if (format === 'json') print(JSON.stringify(found));
        else {
          const { status, run, generation, seq, storedAt } = found;
          print(`${jobId}: ${status}, run ${run}, generation ${generation}; event ${seq} of ${storedAt}`);
          printRows(explainedRows(found));
        }
        finish(0);
      }),
    );
}
