import type { Command } from 'commander';
import type { CommandAnswer, CommandOptions } from '#libs/engine';
import type { Finish } from '../../finish.js';
import { output, print, withEngine, type Output } from '../../job-command.js';
import { say } from '../../say.js';

interface Verb {
  name: 'pause' | 'stop' | 'restart';
  description: string;
  /** Said afterwards: how it goes on. */
  then: string;
}

/** `spoor job pause|stop|restart`: one decision each. */
export function addJobCommand(job: Command, finish: Finish, { name, description, then }: Verb): void {
  job
    .command(name)
    .argument('<jobId>')
    .description(description)
    .option('--reason <text>', 'why; kept in the history')
    .addOption(output())
    .action((jobId: string, { reason, output: format }: Output & CommandOptions) =>
      withEngine(async ({ jobs }) => {
        const answer: CommandAnswer = await jobs[name](jobId, { reason });
        if (format === 'json') print(JSON.stringify(answer));
        else print(`${jobId}: ${answer.status}, run ${answer.run} (event ${answer.seq})`);
        say(then);
        finish(0);
      }),
    );
}
