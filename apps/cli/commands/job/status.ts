import type { Command } from 'commander';
import type { JobReport } from '#libs/engine';
import { SpoorError } from '#libs/failures';
import type { JobPosition } from '#libs/job';
import type { Finish } from '../../finish.js';
import { output, print, printRows, withEngine, type Output } from '../../job-command.js';
import { command } from '../../say.js';

type Row = [string, ...string[]];

/** `149 of 400; the next is 150`, for a paginated job. */
export const pageLine = ({ lastPage, nextPage }: Pick<JobPosition, 'lastPage' | 'nextPage'>): string =>
  `all up to page ${lastPage} done; ${nextPage === null ? 'none is left' : `the next is page ${nextPage}`}`;

export const stageLines = (stages: JobPosition['stages']): string[] =>
  Object.entries(stages).map(([name, { fetched, failed, skipped, open }]) => {
    const less = [failed ? `${failed} failed` : '', skipped ? `${skipped} skipped` : ''].filter(Boolean);
    return `${name}: ${[`${fetched} fetched`, ...less, `${open} open`].join(', ')}`;
  });

function rowsOf(jobId: string, { state, position }: JobReport): Row[] {
  const { discovered, fetched, failed, skipped, open } = position.counts;
  const { lastError, reason, status } = state;
  const { pages } = state.spec;
  const rows: Row[] = [
    ['known', `${discovered} = ${fetched} fetched + ${failed} failed + ${skipped} skipped + ${open} open`],
  ];
  if (pages) rows.push(['pages', `${pages.from} to ${pages.to}: ${pageLine(position)}`]);
  rows.push(['stages', ...stageLines(position.stages)]);
  if (lastError)
    rows.push(['error', ...errorLines(lastError)], ['failed', `${pageOf(lastError)}${lastError.url}`]);
  if (reason) rows.push(['reason', reason]);
  if (['error', 'paused', 'stopped'].includes(status))
    rows.push(
      [
        'go on',
        command(`crawl --resume ${jobId}`),
        `${command(`job resume ${jobId}`)} (where spoor up runs)`,
      ],
      ['try', `${command(`job resume ${jobId} --dry-run`)} (changes nothing)`],
    );
  return rows;
}

/** A message that tells what helps need not be followed by it. */
const errorLines = ({ message, hint }: { message: string; hint: string }): [string, ...string[]] =>
  message.includes(hint) ? [message] : [message, hint];

const pageOf = ({ page }: { page: number | null }): string => (page === null ? '' : `page ${page}, `);

/** `spoor job status <jobId>`: from the log, so it is exact at this moment. */
export function addJobStatus(job: Command, finish: Finish): void {
  job
    .command('status')
    .argument('<jobId>')
    .description('where a job stands, why, and how it goes on')
    .addOption(output())
    .action((jobId: string, { output: format }: Output) =>
      withEngine(async ({ jobs }) => {
        const report = await jobs.report(jobId);
        if (!report) throw new SpoorError('job_not_found', `There is no job ${jobId}.`, { field: 'jobId' });
        const { status, run, generation, lastError, reason } = report.state;
        if (format === 'json')
          print(JSON.stringify({ jobId, status, run, generation, lastError, reason, ...report.position }));
        else {
          print(`${jobId}: ${status}, run ${run}, generation ${generation}`);
          printRows(rowsOf(jobId, report));
        }
        finish(0);
      }),
    );
}
