import type { Command } from 'commander';
import type { Finish } from '../finish.js';
import { output, print, withLog, type Output } from '../job-command.js';

/** `spoor node …`: scrape nodes elsewhere. */
export function addNode(program: Command, finish: Finish): void {
  const node = program
    .command('node')
    .description('scrape nodes, which fetch single pages elsewhere')
    .exitOverride();
  node
    .command('ls')
    .description('the nodes that answer now: region, name, pages in their hands')
    .addOption(output())
    .action(({ output: format }: Output) =>
      withLog(async ({ log }) => {
        const nodes = await log.scrapeNodes.census();
        if (format === 'json') print(JSON.stringify(nodes));
        else for (const { id, region, slots, busy } of nodes) print(`${region}  ${id}  ${busy} of ${slots}`);
        finish(0);
      }),
    );
}
