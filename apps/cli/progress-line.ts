import type { JobProgress } from '#libs/engine/ports';
import { say } from './say.js';

const PLAIN_EVERY_MS = 5000;

/** Live progress: one line that is written over on a terminal, a line now and then elsewhere. */
export class ProgressLine {
  private shown = '';
  private lastPlain = 0;
  private readonly started = Date.now();
  private readonly first: { done: number } = { done: -1 };

  constructor(private readonly quiet: boolean) {}

  show(progress: JobProgress): void {
    if (this.quiet) return;
    const { discovered, fetched, failed, skipped, inFlight, waiting } = progress;
    const done = fetched + failed + skipped;
    if (this.first.done < 0) this.first.done = done;
    const rate = Math.round(((done - this.first.done) * 1000) / Math.max(Date.now() - this.started, 1));
    const line = [
      `${done} of ${discovered} pages`,
      `${rate}/s`,
      `${inFlight} in flight`,
      ...(waiting ? [`${waiting} to retry`] : []),
      ...(failed ? [`${failed} failed`] : []),
      ...(skipped ? [`${skipped} skipped`] : []),
    ].join(' · ');
    if (process.stderr.isTTY) this.overwrite(line);
    else if (Date.now() - this.lastPlain >= PLAIN_EVERY_MS) {
      this.lastPlain = Date.now();
      say(line);
    }
  }

  /** Leaves the terminal on a fresh line. */
  end(): void {
    if (process.stderr.isTTY && this.shown) process.stderr.write('\n');
    this.shown = '';
  }

  private overwrite(line: string): void {
    const width = Math.max((process.stderr.columns ?? 80) - 1, 20);
    const cut = line.slice(0, width);
    process.stderr.write(`\r${cut.padEnd(this.shown.length)}`);
    this.shown = cut;
  }
}
