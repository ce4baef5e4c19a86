import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { PrivateTargets } from '#libs/engine/ports';
import { isJobId } from '#libs/events';

const targets = z.array(z.string().min(1));

/**
 * One small file for each job: every process under the same SPOOR_HOME sees it, it outlives them all, and whoever can write there
 * rules the engine anyway.
 */
export class FilePrivateTargets implements PrivateTargets {
  /** Permissions only grow, so what was found once holds. */
  private readonly known = new Map<string, readonly string[]>();

  constructor(private readonly dir: string) {}

  of(jobId: string): readonly string[] {
    const known = this.known.get(jobId);
    // Asked for each page: where there is nothing, a look at the directory must do.
    if (known || !isJobId(jobId) || !statSync(this.fileOf(jobId), { throwIfNoEntry: false }))
      return known ?? [];
    const found = this.read(jobId);
    if (found.length > 0) this.known.set(jobId, found);
    return found;
  }

  /** Adds to what the job may reach, before its next page. @throws RangeError when it is not a job id */
  grant(jobId: string, added: readonly string[]): void {
    if (!isJobId(jobId)) throw new RangeError(`not a job id: ${JSON.stringify(jobId)}`);
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
    const all = [...new Set([...this.read(jobId), ...added])];
    const file = this.fileOf(jobId);
    const half = `${file}.${process.pid}`;
    writeFileSync(half, JSON.stringify(all), { mode: 0o600 });
    renameSync(half, file);
    this.known.delete(jobId);
  }

  /** Of a job that was removed. */
  forget(jobId: string): void {
    if (!isJobId(jobId)) return;
    this.known.delete(jobId);
    rmSync(this.fileOf(jobId), { force: true });
  }

  /** What cannot be read allows nothing. */
  private read(jobId: string): string[] {
    try {
      return targets.parse(JSON.parse(readFileSync(this.fileOf(jobId), 'utf8')));
    } catch {
      return [];
    }
  }

  private fileOf(jobId: string): string {
    return join(this.dir, `${jobId}.json`);
  }
}
