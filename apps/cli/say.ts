import { scrubText } from '#libs/config';
import { SpoorError } from '#libs/failures';

/** Everything that people read goes to stderr; stdout belongs to results. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** One line for an error, one for what to do about it. */
export function sayError(error: unknown): void {
  if (error instanceof SpoorError) {
    say(`error: ${error.message}`);
    say(`  ${error.hint}`);
  } else if ((error as NodeJS.ErrnoException | null)?.code === 'ENOSPC') {
    say('error: The disk is full.');
    say('  Make room, then go on with: ' + command('crawl --resume'));
  } else {
    say(`error: ${scrubText(error instanceof Error ? error.message : String(error))}`);
    say('  This is a defect of ours; run again with SPOOR_LOG_LEVEL=debug for more.');
  }
  if (process.env.SPOOR_LOG_LEVEL === 'debug' && error instanceof Error) say(scrubText(error.stack ?? ''));
}

/** How the person at this terminal calls us: without a global installation it goes through npx. */
export const command = (words: string): string =>
  `${process.env.npm_config_user_agent === undefined ? '' : 'npx '}spoor ${words}`;
