import type { Command } from 'commander';
import type { ForkAnswer } from '#libs/engine';
import { SpoorError } from '#libs/failures';
import type { Resources } from '#libs/hosting';
import { wholeNumber } from '../../crawl-spec.js';
import { everyTwoSeconds } from '../../every-two-seconds.js';
import { EXIT } from '../../exit-codes.js';
import type { Finish } from '../../finish.js';
import { output, print, printRows, withEngine, type Output } from '../../job-command.js';
import { changesFrom } from '../../resume-changes.js';
import { command, say } from '../../say.js';
import { collect, diffLines } from './changes.js';
import { stageLines } from './status.js';

interface Options extends Output {
  at?: number;
  as?: string;
  proxy?: string;
  set: string[];
  reason?: string;
}

/** `spoor job fork <jobId>`: what was found out up to a point, and another way from there. */
export function addJobFork(job: Command, finish: Finish): void {
  job
    .command('fork')
    .argument('<jobId>')
    .description("a new job whose history begins with this one's; it fetches only what is missing there")
    .option('--at <seq>', 'up to this event of the log (all of it)', wholeNumber('--at'))
    .option('--proxy <url>', 'through this proxy: http(s)://host:port, or an environment variable by --set')
    .option('--set <path=value>', 'change the new job: politeness.perHost=1 (repeatable)', collect, [])
    .option('--as <jobId>', 'id of the new job; that of an interrupted fork finishes it')
    .option('--reason <text>', 'why; kept in the history')
    .addOption(output())
    .action((jobId: string, options: Options) =>
      withEngine(async (resources) => finish(await fork(resources, jobId, options))),
    );
}

async function fork(
  { jobs, privateTargets }: Resources,
  parentId: string,
  options: Options,
): Promise<number> {
  const { at, reason, proxy, set, output: format } = options;
  const parent = await jobs.state(parentId);
  if (!parent) throw new SpoorError('job_not_found', `There is no job ${parentId}.`, { field: 'jobId' });
  const pairs = [...(proxy === undefined ? [] : [`proxy.url=${JSON.stringify(proxy)}`]), ...set];
  const changes = changesFrom(pairs, parent.spec);
  const jobId = options.as ?? jobs.newJobId();
  if (options.as === undefined)
    say(`forking as ${jobId}; if this is interrupted: ${command(`job fork ${parentId} --as ${jobId} …`)}`);
  const targets = privateTargets.of(parentId);
  if (targets.length > 0) privateTargets.grant(jobId, targets);
  const onProgress = everyTwoSeconds((events) => say(`${events} events copied`));
  const answer = await jobs.fork(parentId, { jobId, at, reason, changes, onProgress });
  if (format === 'json') print(JSON.stringify(answer));
  else printAnswer(answer);
  say(`What is open is fetched by the engine that runs (${command('up')}), or by`);
  say(`  ${command(`crawl --resume ${jobId}`)}`);
  return EXIT.done;
}

function printAnswer({ jobId, status, run, parent, events, bodies, position, diff }: ForkAnswer): void {
  const { fetched, failed, skipped, open } = position.counts;
  print(`${jobId}: ${status}, run ${run}, forked from ${parent.jobId} at event ${parent.seq}`);
  const missing = bodies.missing > 0 ? [`${bodies.missing} that the other job does not have any more`] : [];
  printRows([
    ['copied', `${events} events and ${bodies.linked} bodies`, ...missing],
    ['skipped', `${fetched + failed + skipped} pages that are done are not requested again; ${open} remain`],
    ['stages', ...stageLines(position.stages)],
    ...(diff?.length ? [['changes', ...diffLines(diff)] as [string, ...string[]]] : []),
  ]);
}
