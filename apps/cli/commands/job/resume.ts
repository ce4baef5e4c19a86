import type { Command } from 'commander';
import type { ResumeAnswer, ResumePlan } from '#libs/engine';
import { SpoorError } from '#libs/failures';
import type { Resources } from '#libs/hosting';
import { EXIT } from '../../exit-codes.js';
import type { Finish } from '../../finish.js';
import { output, print, printRows, withEngine, type Output } from '../../job-command.js';
import { changesFrom } from '../../resume-changes.js';
import { command, say } from '../../say.js';
import { collect, diffLines } from './changes.js';
import { pageLine, stageLines } from './status.js';

interface Options extends Output {
  dryRun?: boolean;
  set: string[];
  reason?: string;
}

/** `spoor job resume <jobId>`: tries the way through the proxy first; what is refused changes nothing. */
export function addJobResume(job: Command, finish: Finish): void {
  job
    .command('resume')
    .argument('<jobId>')
    .description('go on behind what has an outcome')
    .option('--dry-run', 'say what would happen, the proxy included, and change nothing')
    .option(
      '--set <path=value>',
      'change the job for the new run: politeness.perHost=1 (repeatable)',
      collect,
      [],
    )
    .option('--reason <text>', 'why; kept in the history')
    .addOption(output())
    .action((jobId: string, options: Options) =>
      withEngine(async (resources) => finish(await resume(resources, jobId, options))),
    );
}

async function resume({ jobs }: Resources, jobId: string, options: Options): Promise<number> {
  const { reason, dryRun, output: format } = options;
  const state = await jobs.state(jobId);
  if (!state) throw new SpoorError('job_not_found', `There is no job ${jobId}.`, { field: 'jobId' });
  const changes = changesFrom(options.set, state.spec);
  if (dryRun) {
    const plan = await jobs.planResume(jobId, { reason, changes });
    if (format === 'json') print(JSON.stringify({ jobId, ...plan }));
    else printPlan(jobId, plan);
    return plan.isWayOpen ? EXIT.done : EXIT.resumable;
  }
  const answer = await jobs.resume(jobId, { reason, changes });
  if (format === 'json') print(JSON.stringify(answer));
  else printAnswer(answer);
  say(
    `It is fetched by the engine that runs (${command('up')}), or by ${command(`crawl --resume ${jobId}`)}.`,
  );
  return EXIT.done;
}

function printPlan(jobId: string, { position, diff, proxy, isWayOpen }: ResumePlan): void {
  const { fetched, failed, skipped, open } = position.counts;
  print(`${jobId} ${isWayOpen ? 'would go on' : 'would not go on: its proxy does not work'}`);
  printRows([
    ['proxy', ...proxyLines(proxy)],
    ['next', position.nextUrl ?? 'no page is open: the job would be done at once'],
    ...(position.lastPage === null ? [] : [['pages', pageLine(position)] as [string, string]]),
    ['skipped', `${fetched + failed + skipped} pages that are done are not requested again; ${open} remain`],
    ['stages', ...stageLines(position.stages)],
    ...(diff.length ? [['changes', ...diffLines(diff)] as [string, ...string[]]] : []),
  ]);
  say('Nothing was changed.');
}

function proxyLines(proxy: ResumePlan['proxy']): string[] {
  if (!proxy) return ['none to try'];
  if (proxy.ok) return [`the way is open (${Math.round(proxy.ms)} ms)`];
  return [proxy.message, ...(proxy.vendorText ? [`it says: ${proxy.vendorText}`] : []), proxy.hint];
}

function printAnswer({
  jobId,
  status,
  run,
  seq,
  done,
  remaining,
  lastPage,
  nextPage,
  diff,
}: ResumeAnswer): void {
  print(`${jobId}: ${status}, run ${run} (event ${seq})`);
  if (!done || !remaining) return;
  const sum = (stages: Record<string, number>): number => Object.values(stages).reduce((a, b) => a + b, 0);
  printRows([
    ['skipped', `${sum(done)} pages that are done are not requested again; ${sum(remaining)} remain`],
    ...(lastPage == null
      ? []
      : [['pages', pageLine({ lastPage, nextPage: nextPage ?? null })] as [string, string]]),
    ...(diff?.length ? [['changes', ...diffLines(diff)] as [string, ...string[]]] : []),
  ]);
}
