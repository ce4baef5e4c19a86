import type { Command } from 'commander';
import { projectionStatus } from '#libs/engine';
import type { Finish } from '../../finish.js';
import { output, print, withEngine, type Output } from '../../job-command.js';
import { codeVersion, shardsOf, stores } from './stores.js';

/** `spoor projection ls`: how far each shard's read models are, and what waits. */
export function addProjectionLs(projection: Command, finish: Finish): void {
  projection
    .command('ls')
    .description('position, lag and parked events of each shard')
    .addOption(output())
    .action(({ output: format }: Output) =>
      withEngine(async (resources) => {
        const { eventLog, store } = await stores(resources);
        const rows = await Promise.all(
          shardsOf(resources).map(async (shard) => {
            const { parked, ...status } = await projectionStatus(eventLog, store, shard);
            return {
              ...{ ...status, codeVersion, parkedJobs: parked.length },
              parkedEvents: parked.reduce((sum, { events }) => sum + events, 0),
            };
          }),
        );
        if (format === 'json') print(JSON.stringify(rows));
        else
          for (const { projection: name, shard, seq, lastSeq, lag, parkedJobs, parkedEvents } of rows)
            print(
              `${name}  shard ${shard}  event ${seq} of ${lastSeq}, lag ${lag}  ` +
                `${parkedEvents} events of ${parkedJobs} jobs parked  code version ${codeVersion}`,
            );
        finish(0);
      }),
    );
}
