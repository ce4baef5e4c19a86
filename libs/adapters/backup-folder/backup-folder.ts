import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { BackupStore, BodyArchive, WrittenFile } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';

const MANIFEST = 'manifest.json';

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** A backup as a folder: `manifest.json`, a file for each stream, and `bodies/` laid out as under SPOOR_HOME. */
export class BackupFolder implements BackupStore {
  readonly name: string;

  /** @param bodiesIn makes the store of bodies in a folder, each file confirmed by the disk */
  constructor(folder: string, bodiesIn: (folder: string) => BodyArchive) {
    this.name = resolve(folder);
    this.bodies = bodiesIn(join(this.name, 'bodies'));
  }

  readonly bodies: BodyArchive;

  async create(): Promise<void> {
    try {
      await mkdir(this.name, { recursive: true, mode: 0o700 });
      if ((await readdir(this.name)).length === 0) return;
    } catch (error) {
      throw this.unusable(
        'cannot be written',
        'Name a folder that this user may write to, on a disk with room.',
        error,
      );
    }
    throw this.unusable('is not empty', 'Each backup has a folder of its own; name a new one.');
  }

  async write(file: string, chunks: AsyncIterable<Uint8Array>): Promise<WrittenFile> {
    const hash = createHash('sha256');
    let bytes = 0;
    const target = await open(this.pathOf(file), 'wx', 0o600).catch((error: unknown) => {
      throw this.unusable('cannot be written', 'Make room on the disk, or name another folder.', error);
    });
    try {
      for await (const chunk of chunks) {
        hash.update(chunk);
        bytes += chunk.length;
        await target.writeFile(chunk);
      }
      await target.sync();
    } finally {
      await target.close();
    }
    return { bytes, sha256: hash.digest('hex') };
  }

  read(file: string): AsyncIterable<Uint8Array> {
    return createReadStream(this.pathOf(file), { highWaterMark: 128 * 1024 });
  }

  async check(file: string): Promise<WrittenFile | null> {
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      for await (const chunk of this.read(file)) {
        hash.update(chunk);
        bytes += chunk.length;
      }
    } catch (error) {
      if (isMissing(error)) return null;
      throw this.unusable('cannot be read', 'Check the disk it lies on.', error);
    }
    return { bytes, sha256: hash.digest('hex') };
  }

  async writeManifest(manifest: unknown): Promise<void> {
    const path = this.pathOf(MANIFEST);
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(manifest, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    const folder = await open(this.name, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async readManifest(): Promise<unknown> {
    try {
      return JSON.parse(await readFile(this.pathOf(MANIFEST), 'utf8'));
    } catch (error) {
      if (isMissing(error) || error instanceof SyntaxError) return null;
      throw this.unusable('cannot be read', 'Check the disk it lies on, and who may read it.', error);
    }
  }

  /** Names come from a manifest, which anybody may have written: never out of the folder. */
  private pathOf(file: string): string {
    return join(this.name, basename(file));
  }

  private unusable(what: string, hint: string, cause?: unknown): SpoorError {
    return new SpoorError(
      'invalid_request',
      `The folder ${this.name} ${what}.`,
      { field: 'folder', hint },
      { cause },
    );
  }
}
