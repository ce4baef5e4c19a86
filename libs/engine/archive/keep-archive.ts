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
}

/**
 * Archives a job that is about to be removed: all of it, read back and checked as an import would, so that what the archive cannot give
 * back is not taken away.
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
  const manifest = await exportJob(deps, jobId, archive, { ...options, withBodies: true });
  await checkArchive(archive);
  // Pages that were in flight when it was paused.
  for await (const { entries } of deps.eventLog.readJob(jobId, { fromSeq: manifest.range.last + 1 }))
    if (entries.length > 0)
      throw new SpoorError(
        'conflict',
        `Job ${jobId} gained events while it was archived; it was not removed.`,
        {
          hint: 'Wait until nothing of it is in flight, and repeat it with another file.',
        },
      );
  return { manifest, lastSeq: state?.lastSeq ?? 0 };
}
