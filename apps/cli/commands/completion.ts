import { Argument, type Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion.js';
import type { Finish } from '../finish.js';

/** `spoor completion <shell>`: a script for the shell to read. */
export function addCompletion(program: Command, finish: Finish): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .description('completion for a shell: source <(spoor completion bash)')
    .action((shell: Shell) => {
      process.stdout.write(completionScript(program, shell));
      finish(0);
    });
}
