import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { SpoorError } from '#libs/failures';

const CHUNK = 64 * 1024;

/** Takes what comes next; a promise where it has to be waited for. */
export type Put = (chunk: string | Uint8Array) => Promise<void> | void;

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

/** A file that is written beside its place and renamed, so that it is never there in part. */
export class WholeFile {
  readonly path: string;
  private readonly partial: string;

  /** @param what names it to people: `result file` */
  constructor(
    path: string,
    private readonly what: string,
  ) {
    this.path = resolve(path);
    this.partial = `${this.path}.partial-${process.pid}`;
  }

  /** Finds out before the work whether the file could be written after it. @throws SpoorError invalid_request */
  check(): void {
    try {
      refuseNoFile(this.path);
      makeFolder(dirname(this.path));
      writeFileSync(this.partial, '');
      rmSync(this.partial);
    } catch (error) {
      throw this.unwritable(error);
    }
  }

  /** Has the file filled anew, whatever was there before. @throws SpoorError invalid_request */
  async fill<T>(work: (put: Put) => Promise<T>): Promise<T> {
    const file = await open(this.partial, 'w').catch((error: unknown) => {
      throw this.unwritable(error);
    });
    try {
      const chunks = new Chunks(file);
      const orUnwritable = (written: Promise<void>): Promise<void> =>
        written.catch((error: unknown) => {
          throw this.unwritable(error);
        });
      const answer = await work((chunk) => (chunks.add(chunk) ? orUnwritable(chunks.flush()) : undefined));
      await orUnwritable(chunks.flush());
      await file.close();
      this.replace();
      return answer;
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
      throw this.unwritable(error);
    }
  }

  private unwritable(cause: unknown): SpoorError {
    return new SpoorError(
      'invalid_request',
      `The ${this.what} ${this.path} cannot be written.`,
      { field: '--out', hint: 'Name a file in a folder that this user may write to, on a disk with room.' },
      { cause },
    );
  }
}

/** Small pieces become few writes. */
class Chunks {
  private pending: Buffer[] = [];
  private length = 0;

  constructor(private readonly file: FileHandle) {}

  /** True when it is time to flush. */
  add(chunk: string | Uint8Array): boolean {
    const bytes = Buffer.from(chunk);
    this.pending.push(bytes);
    this.length += bytes.length;
    return this.length > CHUNK;
  }

  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.pending);
    this.pending = [];
    this.length = 0;
    await this.file.writeFile(bytes);
  }
}
