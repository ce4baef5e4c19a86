import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { ArchiveMember, JobArchive, SetAside } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import { setAside } from './set-aside.js';
import { writeTar } from './write-tar.js';

/**
 * An archive that goes to whoever asked for it and is kept nowhere. The events alone lie in `folder` while it is written: a tar says
 * how long a member is before its first byte.
 */
export class TarStream implements Pick<JobArchive, 'checkWritable' | 'setAside' | 'write'> {
  /** @param begin called when nothing can be refused any more; bytes follow */
  constructor(
    private readonly folder: string,
    private readonly begin: () => Writable,
  ) {}

  checkWritable(): Promise<void> {
    return Promise.resolve();
  }

  async setAside(lines: AsyncIterable<string>): Promise<SetAside> {
    const file = join(this.folder, `export-${randomBytes(6).toString('hex')}.tmp`);
    return setAside(lines, file, async (work) => {
      try {
        await mkdir(this.folder, { recursive: true });
        await work(createWriteStream(file, { flags: 'wx', mode: 0o600 }));
      } catch (error) {
        await rm(file, { force: true });
        const { code, syscall } = error as NodeJS.ErrnoException;
        if (code === undefined || syscall === undefined) throw error;
        const hint = 'Make room on the disk of SPOOR_HOME.';
        throw new SpoorError(
          'store_unavailable',
          'The archive cannot be put together.',
          { hint },
          { cause: error },
        );
      }
    });
  }

  write(members: AsyncIterable<ArchiveMember>): Promise<void> {
    return writeTar(members, this.begin());
  }
}
