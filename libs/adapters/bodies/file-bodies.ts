import { createHash, randomBytes } from 'node:crypto';
import { access, link, mkdir, open, readdir, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BodyArchive } from '#libs/engine/ports';
import { isJobId, type BodyRef } from '#libs/events';
import { SpoorError } from '#libs/failures';

const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Bodies as files: `<dir>/<jobId>/<first two of the hash>/<hash>`. A file has its name only when it is whole, and what is there
 * already is not written again.
 */
export class FileBodies implements BodyArchive {
  constructor(
    private readonly dir: string,
    /** Have the disk confirm each file and its name (survives power loss). */
    private readonly sync: boolean,
  ) {}

  /** @throws SpoorError store_unavailable when it cannot be written. */
  async put(jobId: string, raw: Buffer, meta: Omit<BodyRef, 'sha256' | 'storedBytes'>): Promise<BodyRef> {
    const sha256 = createHash('sha256').update(raw).digest('hex');
    const path = this.pathOf(jobId, sha256);
    try {
      if (!(await exists(path))) await this.write(path, raw);
    } catch (error) {
      throw new SpoorError('store_unavailable', 'The body could not be stored', {}, { cause: error });
    }
    return { ...meta, sha256, storedBytes: raw.length };
  }

  async get(jobId: string, sha256: string): Promise<Buffer | null> {
    if (!SHA256.test(sha256)) return null;
    try {
      return await readFile(this.pathOf(jobId, sha256));
    } catch (error) {
      if (isMissing(error)) return null;
      throw new SpoorError('store_unavailable', 'The body could not be read', {}, { cause: error });
    }
  }

  async has(jobId: string, sha256: string): Promise<boolean> {
    return SHA256.test(sha256) && exists(this.pathOf(jobId, sha256));
  }

  /** One folder at a time is held in memory, whatever the number of bodies. */
  async *list(): AsyncGenerator<{ jobId: string; sha256: string }, void, undefined> {
    for (const jobId of await namesIn(this.dir)) {
      if (!isJobId(jobId)) continue;
      for (const part of await namesIn(this.jobDir(jobId)))
        for (const sha256 of await namesIn(join(this.jobDir(jobId), part)))
          if (SHA256.test(sha256)) yield { jobId, sha256 };
    }
  }

  async link(fromJobId: string, toJobId: string, sha256: string): Promise<boolean> {
    if (!SHA256.test(sha256)) return false;
    const [from, to] = [this.pathOf(fromJobId, sha256), this.pathOf(toJobId, sha256)];
    try {
      if (await exists(to)) return true;
      if (!(await exists(from))) return false;
      await mkdir(dirname(to), { recursive: true });
      await this.linkOrCopy(from, to);
      if (this.sync) await syncDirectory(dirname(to));
      return true;
    } catch (error) {
      throw new SpoorError('store_unavailable', 'The body could not be stored', {}, { cause: error });
    }
  }

  /** Not every file system has links, and not every folder of a shared store is on the same one. */
  private async linkOrCopy(from: string, to: string): Promise<void> {
    try {
      await link(from, to);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
      await this.write(to, await readFile(from));
    }
  }

  async removeJob(jobId: string): Promise<void> {
    await rm(this.jobDir(jobId), { recursive: true, force: true });
  }

  private async write(path: string, raw: Buffer): Promise<void> {
    const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      const file = await this.create(temporary);
      try {
        await file.writeFile(raw);
        if (this.sync) await file.datasync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    if (this.sync) await syncDirectory(dirname(path));
  }

  /** Folders are made when they turn out to be missing, which is seldom. */
  private async create(path: string): Promise<FileHandle> {
    try {
      return await open(path, 'wx', 0o600);
    } catch (error) {
      if (!isMissing(error)) throw error;
      const first = await mkdir(dirname(path), { recursive: true });
      if (this.sync && first !== undefined) await syncUpTo(dirname(first), dirname(path));
      return open(path, 'wx', 0o600);
    }
  }

  private pathOf(jobId: string, sha256: string): string {
    return join(this.jobDir(jobId), sha256.slice(0, 2), sha256);
  }

  /** The id is checked because it becomes part of a path. */
  private jobDir(jobId: string): string {
    if (!isJobId(jobId)) throw new RangeError(`not a job id: ${JSON.stringify(jobId)}`);
    return join(this.dir, jobId);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

async function namesIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw new SpoorError('store_unavailable', 'The bodies could not be listed', {}, { cause: error });
  }
}

/** The names of new folders, too, must reach the disk. */
async function syncUpTo(top: string, folder: string): Promise<void> {
  for (let path = dirname(folder); path.startsWith(top); path = dirname(path)) {
    await syncDirectory(path);
    if (path === top) return;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
