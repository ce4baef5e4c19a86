import type { Command } from 'commander';
import { parseMoment } from '#libs/engine';
import type { JobAt } from '#libs/job';
import type { Finish } from '../../finish.js';
import { output, print, printRows, withLog, type Output } from '../../job-command.js';
import { plain } from '../../plain.js';
import { pageLine, stageLines } from './status.js';

/** `spoor job state <jobId> --at …`: a job as it was, from the log alone. */
export function addJobState(job: Command, finish: Finish): void {
  job
    .command('state')
    .argument('<jobId>')
    .description('a job as it was at an event or a time, folded from its history; no database is asked')
    .option('--at <seq|time>', 'a sequence, 2026-01-31T12:00Z, or 10m for ten minutes ago (default now)')
    .addOption(output())
    .action((jobId: string, { at, output: format }: Output & { at?: string }) =>
      withLog(async ({ histories, clock }) => {
        const moment = at === undefined ? null : parseMoment(at, '--at', clock.now());
        const state = await histories.at(jobId, moment);
        if (format === 'json') print(JSON.stringify(state));
        else {
          const { status, run, generation, seq, storedAt } = state;
          print(`${jobId}: ${status}, run ${run}, generation ${generation}; event ${seq} of ${storedAt}`);
          printRows(rowsOf(state));
        }
        finish(0);
      }),
    );
}

function rowsOf(state: JobAt): [string, ...string[]][] {
  const { discovered, fetched, failed, skipped, open } = state.pages;
  const { lastPage, lastError, reason, nextUrl, stages, retries, redirects, receivedBytes, ranMs } = state;
  const rows: [string, ...string[]][] = [
    ['known', `${discovered} = ${fetched} fetched + ${failed} failed + ${skipped} skipped + ${open} open`],
  ];
  if (lastPage !== null) rows.push(['pages', pageLine(state)]);
  const lines = stageLines(stages);
  if (lines.length > 0) rows.push(['stages', ...lines] as [string, ...string[]]);
  rows.push([
    'so far',
    `${(ranMs / 1000).toFixed(1)} s, ${receivedBytes} bytes, ${retries} retries, ${redirects} redirects`,
  ]);
  if (nextUrl !== null) rows.push(['next', plain(nextUrl)]);
  if (lastError) rows.push(['error', `${lastError.code}: ${plain(lastError.message)}`]);
  if (reason) rows.push(['reason', plain(reason)]);
  return rows;
}
