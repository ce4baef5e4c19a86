import type { Command } from 'commander';
import { unparkJobs, type Retried } from '#libs/engine';
import type { ParkedJob } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import type { Resources } from '#libs/hosting';
import { EXIT } from '../../exit-codes.js';
import type { Finish } from '../../finish.js';
import { output, print, withEngine, type Output } from '../../job-command.js';
import { plain } from '../../plain.js';
import { codeVersion, shardsOf, stores } from './stores.js';

type Parked = ParkedJob & { shard: number };

const line = ({ jobId, shard, firstSeq, events, reason, codeVersion: version }: Parked): string =>
  `${jobId ?? '(no job)'}  shard ${shard}  ${events} events from ${firstSeq}  ${plain(reason)}  (code version ${version})`;

/** `spoor projection parked`: events that could not be folded, and what waits behind them. */
export function addProjectionParked(projection: Command, finish: Finish): void {
  projection
    .command('parked')
    .description('jobs whose events wait behind one that could not be folded')
    .addOption(output())
    .action(({ output: format }: Output) =>
      withEngine(async (resources) => {
        const parked = await parkedOf(resources);
        if (format === 'json') print(JSON.stringify(parked));
        else if (parked.length === 0) print('Nothing is parked.');
        else parked.map(line).forEach(print);
        finish(0);
      }),
    );
}

interface UnparkOptions extends Output {
  dryRun?: boolean;
}

/** `spoor projection unpark [jobId]`: tries again; ends with 5 when something still waits. */
export function addProjectionUnpark(projection: Command, finish: Finish): void {
  projection
    .command('unpark')
    .argument('[jobId]', 'default: all of them')
    .description('fold parked events once more, as a newer version of the code does by itself')
    .option('--dry-run', 'say what would be tried, and change nothing')
    .addOption(output())
    .action((jobId: string | undefined, { dryRun, output: format }: UnparkOptions) =>
      withEngine(async (resources) => {
        const parked = (await parkedOf(resources)).filter(
          (one) => one.jobId !== null && (jobId === undefined || one.jobId === jobId),
        );
        if (jobId !== undefined && parked.length === 0)
          throw new SpoorError('not_found', `Nothing of job ${jobId} is parked.`, {
            hint: 'What is: spoor projection parked.',
          });
        const tried: (Parked | Retried)[] = dryRun ? parked : await unpark(resources, jobId);
        if (format === 'json') print(JSON.stringify(tried));
        else for (const one of tried) print(`${one.jobId}: ${outcome(one)}`);
        if (format === 'text' && tried.length === 0) print('Nothing is parked.');
        finish(tried.some((one) => 'unparked' in one && !one.unparked) ? EXIT.unwell : EXIT.done);
      }),
    );
}

const outcome = (one: Parked | Retried): string => {
  if (!('unparked' in one)) return `${one.events} events from ${one.firstSeq} would be tried again`;
  if (one.unparked) return `its ${one.events} events are in`;
  return `still parked at event ${one.firstSeq}: ${plain(one.reason)}`;
};

async function parkedOf(resources: Resources): Promise<Parked[]> {
  const { store } = await stores(resources);
  const shards = shardsOf(resources);
  const found = await Promise.all(shards.map((shard) => store.parked(shard)));
  return found.flatMap((parked, i) => parked.map((one) => ({ ...one, shard: shards[i]! })));
}

async function unpark(resources: Resources, jobId: string | undefined): Promise<Retried[]> {
  const deps = await stores(resources);
  const tried: Retried[] = [];
  for (const shard of shardsOf(resources))
    tried.push(...(await unparkJobs(deps, { shard, codeVersion, jobId })));
  return tried;
}
