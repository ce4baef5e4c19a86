import type { Command } from 'commander';
import type { JobProofReport, RunProof } from '#libs/job';
import { EXIT } from '../../exit-codes.js';
import type { Finish } from '../../finish.js';
import { output, print, printRows, withLog, type Output } from '../../job-command.js';
import { say } from '../../say.js';

/** Of a hash, on a screen. */
const SHORT = 12;

/** `spoor job proof <jobId>`: every page accounted for once, from the log alone. Ends with 5 when that does not hold. */
export function addJobProof(job: Command, finish: Finish): void {
  job
    .command('proof')
    .argument('<jobId>')
    .description('prove from the log that no page is lost and none counted twice, over every resume')
    .addOption(output())
    .action((jobId: string, { output: format }: Output) =>
      withLog(async ({ histories }) => {
        const proof = await histories.proof(jobId);
        if (format === 'json') print(JSON.stringify(proof));
        else printProof(proof);
        finish(proof.holds ? EXIT.done : EXIT.unwell);
      }),
    );
}

function printProof(proof: JobProofReport): void {
  const { jobId, status, run, generation, seq, pages, known, done, runs, violations, holds } = proof;
  const { discovered, fetched, failed, skipped, open } = pages;
  print(`${jobId}: ${status}, run ${run}, generation ${generation}; true at event ${seq}`);
  printRows([
    ['known', `${discovered} = ${fetched} fetched + ${failed} failed + ${skipped} skipped + ${open} open`],
    ['sets', `known ${known.sha256}`, `done  ${done.sha256}`],
    ['runs', ...runs.flatMap(runLines)] as [string, ...string[]],
  ]);
  for (const { seq: at, what } of violations) say(`event ${at}: ${what}`);
  print(holds ? 'It holds: every page once, none lost, none fetched again.' : 'It does not hold.');
}

function runLines({
  run,
  began,
  fromSeq,
  toSeq,
  before,
  kept,
  after,
  reopened,
  ...rest
}: RunProof): string[] {
  const { refetched, repeated } = rest;
  const isResume = began === 'JobResumed' || began === 'JobForked';
  return [
    `${run}: ${began}, events ${fromSeq} to ${toSeq}; ${before.pages} pages done before, ${after.pages} after`,
    ...(reopened > 0 ? [`   ${reopened} opened again on purpose`] : []),
    ...(isResume
      ? [`   before ${before.sha256.slice(0, SHORT)}…  the same pages after ${kept.sha256.slice(0, SHORT)}…`]
      : []),
    `   fetched again ${refetched}, second outcomes without effect ${repeated}`,
  ];
}
