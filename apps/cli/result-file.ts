import { createWriteStream, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { dirname, resolve } from 'node:path';
import { JobResults, type JobSummary } from '#libs/engine';
import { SpoorError } from '#libs/failures';
import type { Resources } from '#libs/hosting';

const unwritable = (file: string, cause: unknown): SpoorError =>
  new SpoorError(
    'invalid_request',
    `The result file ${file} cannot be written.`,
    { field: '--out', hint: 'Name a file in a folder that this user may write to, on a disk with room.' },
    { cause },
  );

/** The file that a job's results go to: written beside it and renamed, so that it is never there in part. */
export class ResultFile {
  readonly path: string;
  private readonly partial: string;

  constructor(path: string) {
    this.path = resolve(path);
    this.partial = `${this.path}.partial-${process.pid}`;
  }

  /** Finds out before the crawl whether the file could be written after it. @throws SpoorError invalid_request */
  check(): void {
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      writeFileSync(this.partial, '');
      rmSync(this.partial);
    } catch (error) {
      throw unwritable(this.path, error);
    }
  }

  /** Folds the whole history into the file, whatever was there before. */
  async write({ log, hashKey }: Resources, jobId: string): Promise<JobSummary> {
    const stream = createWriteStream(this.partial);
    let failed: unknown = null;
    stream.on('error', (error) => (failed = error));
    let pending = '';
    const flush = async (): Promise<void> => {
      if (failed) throw unwritable(this.path, failed);
      const text = pending;
      pending = '';
      if (text && !stream.write(text)) await Promise.race([once(stream, 'drain'), once(stream, 'error')]);
    };
    try {
      const results = new JobResults(log.eventLog, jobId, hashKey);
      const summary = await results.write((line) => {
        pending += line;
        return pending.length > 64 * 1024 ? flush() : undefined;
      });
      await flush();
      stream.end();
      if (!failed) await once(stream, 'close');
      if (failed) throw unwritable(this.path, failed);
      renameSync(this.partial, this.path);
      return summary;
    } finally {
      stream.destroy();
      rmSync(this.partial, { force: true });
    }
  }
}
