import { randomBytes } from 'node:crypto';
import { createWriteStream, type WriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { ArchiveMember, JobArchive, SetAside } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import { readTar } from './read-tar.js';
import { setAside } from './set-aside.js';
import { writeTar } from './write-tar.js';

/** A gzipped tar. The same members give the same bytes: no times, no owners. */
export class TarArchive implements JobArchive {
  readonly name: string;
  private readonly path: string;

  constructor(file: string) {
    this.name = basename(file);
    this.path = resolve(file);
  }

  async exists(): Promise<boolean> {
    return (await stat(this.path).catch(() => null)) !== null;
  }

  async checkWritable({ replace }: { replace: boolean }): Promise<void> {
    const there = await stat(this.path).catch(() => null);
    // A device would be replaced by the finished file.
    if (there && !there.isFile()) throw this.unusable('is not a file', 'An archive needs a file of its own.');
    if (there && !replace)
      throw this.unusable('exists already', 'Name another file, or replace it with --force.');
    const probe = this.temporary();
    try {
      await (await open(probe, 'wx', 0o600)).close();
    } catch (error) {
      throw this.unusable('cannot be written', 'Name a file in a folder that this user may write to.', error);
    } finally {
      await rm(probe, { force: true });
    }
  }

  setAside(lines: AsyncIterable<string>): Promise<SetAside> {
    const file = this.temporary();
    return setAside(lines, file, (work) => this.writing(file, work));
  }

  async write(members: AsyncIterable<ArchiveMember>): Promise<void> {
    const file = this.temporary();
    await this.writing(file, (target) => writeTar(members, target));
    await rename(file, this.path);
    const folder = await open(dirname(this.path), 'r');
    await folder.sync().finally(() => folder.close());
  }

  read(): AsyncIterable<ArchiveMember> {
    return readTar(this.path, (what, hint, cause) => this.unusable(what, hint, cause));
  }

  private async writing(file: string, work: (target: WriteStream) => Promise<void>): Promise<void> {
    try {
      await work(createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true }));
    } catch (error) {
      await rm(file, { force: true });
      const { code, syscall } = error as NodeJS.ErrnoException;
      if (code === undefined || syscall === undefined) throw error;
      throw new SpoorError(
        'store_unavailable',
        `The archive ${this.name} could not be written.`,
        { field: 'file', hint: 'Make room on the disk, or name a file on another one.' },
        { cause: error },
      );
    }
  }

  private readonly temporary = (): string => `${this.path}.${randomBytes(6).toString('hex')}.tmp`;

  private unusable(what: string, hint: string, cause?: unknown): SpoorError {
    return new SpoorError('invalid_request', `${this.name} ${what}.`, { field: 'file', hint }, { cause });
  }
}
