import 'reflect-metadata';
import { Command, CommanderError } from 'commander';
import { addCheats } from './commands/cheats.js';
import { addCompletion } from './commands/completion.js';
import { addCrawl } from './commands/crawl.js';
import { addDemo } from './commands/demo.js';
import { addDoctor } from './commands/doctor.js';
import { addEvents } from './commands/events.js';
import { addJob } from './commands/job/job.js';
import { addKey } from './commands/key.js';
import { addLog } from './commands/log.js';
import { addNode } from './commands/node.js';
import { addPage } from './commands/page.js';
import { addProjection } from './commands/projection/projection.js';
import { addReplay } from './commands/replay.js';
import { addRun } from './commands/run.js';
import { addUp } from './commands/up.js';
import { addUsage } from './commands/usage.js';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { sayError } from './say.js';

/** @returns the exit code */
async function main(argv: string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command('spoor')
    .description('An event-sourced scraping engine: every page accounted for, every crash resumable.')
    .showHelpAfterError('(spoor --help shows what there is)')
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(text) });
  const finish = (code: number): void => void (exitCode = code);
  const adders = [
    addCrawl,
    addUp,
    addJob,
    addKey,
    addUsage,
    addLog,
    addNode,
    addPage,
    addEvents,
    addProjection,
    addReplay,
    addRun,
    addDoctor,
    addCheats,
    addCompletion,
    addDemo,
  ];
  for (const add of adders) add(program, finish);
  program.commands.forEach((command) => command.exitOverride());
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.badInput;
    sayError(error);
    return exitCodeOf(error);
  }
  return exitCode;
}

// Whoever reads has seen enough: `spoor job show … | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await main(process.argv.slice(2));
// The channel to a launcher would hold the process for ever.
if (process.connected) process.disconnect();
