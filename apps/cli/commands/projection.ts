import { Option, type Command } from 'commander';
import { loadConfig } from '#libs/config';
import { openResources } from '#libs/hosting';
import type { Finish } from '../finish.js';
import { say } from '../say.js';

/** `spoor projection …`: the read models can be thrown away and come out the same. */
export function addProjection(program: Command, finish: Finish): void {
  const projection = program.command('projection').description('read models in Postgres').exitOverride();
  projection
    .command('rebuild')
    .description('fill the read models anew from the log, beside the live ones, and swap them in')
    .addOption(new Option('--output <format>', 'what is printed').choices(['text', 'json']).default('text'))
    .action(async ({ output }: { output: 'text' | 'json' }) => {
      const resources = await openResources(loadConfig(), { name: 'rebuild' });
      try {
        const { rebuildProjection } = await import('#apps/projector');
        const done = await rebuildProjection(resources, ({ seq, head }) => say(`event ${seq} of ${head}`));
        if (output === 'json') process.stdout.write(`${JSON.stringify(done)}\n`);
        else say(`rebuilt from ${done.events} events in ${(done.durationMs / 1000).toFixed(1)} s`);
        finish(0);
      } finally {
        await resources.close();
      }
    });
}
