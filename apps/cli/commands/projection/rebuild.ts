import type { Command } from 'commander';
import type { Finish } from '../../finish.js';
import { output, print, withEngine, type Output } from '../../job-command.js';
import { say } from '../../say.js';
import { inRoomyProcess } from '../../roomy-process.js';
import { progressLines } from './stores.js';

/** `spoor projection rebuild`: readers see the old rows until the moment of the swap. */
export function addProjectionRebuild(projection: Command, finish: Finish): void {
  projection
    .command('rebuild')
    .description('fill the read models anew from the log, beside the live ones, and swap them in')
    .addOption(output())
    .action(async ({ output: format }: Output) => {
      const code = await inRoomyProcess();
      if (code !== null) return finish(code);
      await withEngine(async (resources) => {
        const { rebuildProjection } = await import('#apps/projector');
        const tell = progressLines();
        const done = await rebuildProjection(resources, ({ seq, head, perSecond }) =>
          tell({ seq, lastSeq: head, perSecond }),
        );
        if (format === 'json') print(JSON.stringify(done));
        else say(`rebuilt from ${done.events} events in ${(done.durationMs / 1000).toFixed(1)} s`);
        finish(0);
      });
    });
}
