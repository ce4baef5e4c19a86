import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { JobResults, type JobSummary } from '#libs/engine';
import { SpoorError } from '#libs/failures';
import type { Resources } from '#libs/hosting';

const CHUNK = 64 * 1024;

const unwritable = (file: string, cause: unknown): SpoorError =>
  new SpoorError(
    'invalid_request',
    `The result file ${file} cannot be written.`,
    { field: '--out', hint: 'Name a file in a folder that this user may write to, on a disk with room.' },
    { cause },
  );

/** One by one: mkdir's own `recursive` never ends where nothing can be made, as in /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}

/** What is there is replaced by the finished file; a folder cannot be, and a device must not be. */
function refuseNoFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found && !found.isFile()) throw new Error(`${path} is not a file`);
}

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
      refuseNoFile(this.path);
      makeFolder(dirname(this.path));
      writeFileSync(this.partial, '');
      rmSync(this.partial);
    } catch (error) {
      throw unwritable(this.path, error);
    }
  }

  /** Folds the whole history into the file, whatever was there before. @throws SpoorError invalid_request */
  async write({ log, hashKey }: Resources, jobId: string): Promise<JobSummary> {
    const results = new JobResults(log.eventLog, jobId, hashKey);
    const file = await open(this.partial, 'w').catch((error: unknown) => {
      throw unwritable(this.path, error);
    });
    let pending: string[] = [];
    let length = 0;
    const flush = async (): Promise<void> => {
      const text = pending.join('');
      pending = [];
      length = 0;
      await file.write(text).catch((error: unknown) => {
        throw unwritable(this.path, error);
      });
    };
    try {
      const summary = await results.write((line) => {
        pending.push(line);
        length += line.length;
        return length > CHUNK ? flush() : undefined;
      });
      await flush();
      await file.close();
      this.replace();
      return summary;
    } finally {
      await file.close().catch(() => undefined);
      rmSync(this.partial, { force: true });
    }
  }

  private replace(): void {
    try {
      refuseNoFile(this.path);
      renameSync(this.partial, this.path);
    } catch (error) {
      throw unwritable(this.path, error);
    }
  }
}
