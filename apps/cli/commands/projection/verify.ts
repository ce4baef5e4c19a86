import type { Command } from 'commander';
import { verifyReadModels } from '#libs/engine';
import { EXIT } from '../../exit-codes.js';
import type { Finish } from '../../finish.js';
import { differenceLines } from '../../row-differences.js';
import { output, print, withEngine, type Output } from '../../job-command.js';
import { inRoomyProcess } from '../../roomy-process.js';
import { codeVersion, progressLines, shardsOf, stores } from './stores.js';

/** `spoor projection verify`: whether the live rows are what the log makes of them. Ends with 5 when they are not. */
export function addProjectionVerify(projection: Command, finish: Finish): void {
  projection
    .command('verify')
    .description('fold the log beside the live read models and hold both against each other; changes nothing')
    .addOption(output())
    .action(async ({ output: format }: Output) => {
      const code = await inRoomyProcess();
      if (code !== null) return finish(code);
      await withEngine(async (resources) => {
        const onProgress = progressLines();
        const options = { shards: shardsOf(resources), codeVersion, onProgress };
        const found = await verifyReadModels(await stores(resources), options);
        const holds = found.differing === 0;
        if (format === 'json') print(JSON.stringify({ holds, ...found }));
        else {
          const at = Object.entries(found.at).map(([shard, seq]) => `event ${seq} of shard ${shard}`);
          const rows = Object.entries(found.rows).map(([table, n]) => `${n} ${table}`);
          print(`at ${at.join(', ')} the log makes ${rows.join(', ')}`);
          differenceLines(found).forEach(print);
          print(holds ? 'The live rows are the same.' : 'Make them anew: spoor projection rebuild');
        }
        finish(holds ? EXIT.done : EXIT.unwell);
      });
    });
}
