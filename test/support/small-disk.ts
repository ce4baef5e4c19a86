import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testDir } from '#libs/testing';

/** Why no small disk can be had here; null when it can. */
export function noSmallDisk(): string | null {
  if (process.platform !== 'linux') return 'a file system of its own is a thing of Linux';
  const dir = testDir('mount');
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir]).status === 0;
  if (mounted) spawnSync('umount', ['-l', dir]);
  return mounted ? null : 'no file system may be mounted (needs root)';
}

/** A file system of so many megabytes, which can be filled up and cleared again. */
export class SmallDisk {
  readonly dir = testDir('disk');

  constructor(megabytes: number) {
    const { status, stderr } = spawnSync('mount', [
      '-t',
      'tmpfs',
      '-o',
      `size=${megabytes}m,mode=755`,
      'tmpfs',
      this.dir,
    ]);
    // Before the folders of the run are removed.
    process.prependOnceListener('exit', () => this.unmount());
    if (status !== 0) throw new Error(`no disk could be mounted: ${stderr.toString()}`);
  }

  folder(name: string): string {
    const dir = join(this.dir, name);
    mkdirSync(dir, { recursive: true });
    return dir;
  }

  /** Leaves so many bytes. */
  fill(leave = 0): void {
    const { bavail, bsize } = statfsSync(this.dir);
    const bytes = Math.max(0, bavail * bsize - leave);
    try {
      writeFileSync(join(this.dir, 'ballast'), Buffer.alloc(bytes));
    } catch {
      // Somebody else took the last of it: full is full.
    }
  }

  clear(): void {
    rmSync(join(this.dir, 'ballast'), { force: true });
  }

  unmount(): void {
    spawnSync('umount', ['-l', this.dir]);
  }
}
