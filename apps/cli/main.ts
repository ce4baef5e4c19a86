import 'reflect-metadata';
import { Command, CommanderError } from 'commander';
import { commandsFor } from './commands.js';
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
  for (const add of await commandsFor(argv)) add(program, finish);
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
