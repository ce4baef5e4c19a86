import { once } from 'node:events';

/** To stdout at the reader's speed, so that a long history never piles up in memory. */
export async function writeLine(text: string): Promise<void> {
  if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
}
