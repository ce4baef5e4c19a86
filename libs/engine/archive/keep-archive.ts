import { createHash } from 'node:crypto';
import { eventLine, storedBodiesOf } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { foldDecisions } from '#libs/job';
import type { JobArchive } from '#libs/engine/ports';
import { exportJob, type ExportDeps, type ExportOptions } from './export-job.js';
import type { ArchiveManifest } from './manifest.js';
import { checkArchive } from './read-archive.js';

export interface KeptArchive {
  manifest: ArchiveManifest;
  /** The job's last decision that is in the archive: what its removal has to be decided on. */
  lastSeq: number;
  /** It was there, whole, of an earlier call that did not come to its end. */
  already: boolean;
}

/**
 * Archives a job that is about to be removed: all of it, read back and checked as an import would, so that what the archive cannot give
 * back is not taken away. An archive that is there and holds this very history is taken as it is.
 *
 * @throws SpoorError as `exportJob`; invalid_request when the archive could not be imported; conflict when the job gained events
 */
export async function keepArchive(
  deps: ExportDeps,
  jobId: string,
  archive: JobArchive,
  options: Pick<ExportOptions, 'onProgress'> = {},
): Promise<KeptArchive> {
  const state = foldDecisions(await deps.eventLog.readDecisions(jobId, { bulk: false }));
  const found = (await archive.exists()) ? await finished(deps, jobId, archive) : null;
  const manifest = found ?? (await exportJob(deps, jobId, archive, { ...options, withBodies: true }));
  if (!found) await checkArchive(archive);
  // Pages that were in flight when it was paused.
  for await (const { entries } of deps.eventLog.readJob(jobId, { fromSeq: manifest.range.last + 1 }))
    if (entries.length > 0)
      throw new SpoorError(
        'conflict',
        `Job ${jobId} gained events while it was archived; it was not removed.`,
        { hint: 'Wait until nothing of it is in flight, and repeat it with another file.' },
      );
  return { manifest, lastSeq: state?.lastSeq ?? 0, already: found !== null };
}

/** The manifest of an archive that could take this job's place, to the byte; null when the file is anything else. */
async function finished(
  { eventLog, bodies }: ExportDeps,
  jobId: string,
  archive: JobArchive,
): Promise<ArchiveManifest | null> {
  const checked = await checkArchive(archive).catch((error: unknown) => {
    if (error instanceof SpoorError && error.code === 'invalid_request') return null;
    throw error;
  });
  if (checked?.manifest.jobId !== jobId || !checked.manifest.bodies) return null;
  const { manifest } = checked;
  const files = new Set(checked.manifest.bodies.files);
  const hash = createHash('sha256');
  for await (const { entries } of eventLog.readJob(jobId))
    for (const entry of entries) {
      hash.update(`${eventLine(entry)}\n`);
      for (const { sha256 } of storedBodiesOf(entry))
        if (!files.has(sha256) && (await bodies.has(jobId, sha256))) return null;
    }
  return hash.digest('hex') === manifest.events.sha256 ? manifest : null;
}
