import { createHash } from 'node:crypto';
import { eventLine, isJobId, isUnreadable, shardOf } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { foldDecisions, type JobState } from '#libs/job';
import type { ArchiveMember, BodyArchive, EventLog, JobArchive, SetAside } from '#libs/engine/ports';
import { entriesTo, notThere, type HistoryLog } from '../histories/fold-to.js';
import { bodyFile, EVENTS, MANIFEST, manifestBytes, type ArchiveManifest } from './manifest.js';

export interface ExportDeps {
  eventLog: HistoryLog & Pick<EventLog, 'readDecisions'>;
  bodies: Pick<BodyArchive, 'get' | 'has'>;
  shards: number;
}

export interface ExportOptions {
  withBodies: boolean;
  /** A file of that name goes (default: it is refused). */
  replace?: boolean;
  /** Events that were read so far. */
  onProgress?: (events: number) => void;
}

/**
 * Writes a job into an archive: its events as they are at this moment, one a line, and the bodies that they refer to. It may be
 * running. The same history gives the same bytes.
 *
 * @throws SpoorError job_not_found; impossible_transition when there is no whole history; invalid_request, store_unavailable
 */
export async function exportJob(
  { eventLog, bodies, shards }: ExportDeps,
  jobId: string,
  archive: JobArchive,
  { withBodies, replace = false, onProgress }: ExportOptions,
): Promise<ArchiveManifest> {
  if (!isJobId(jobId) || shardOf(jobId) >= shards) throw notThere(jobId);
  checkWhole(jobId, await stateOf(eventLog, jobId));
  await archive.checkWritable({ replace });
  const { lastSeq } = await eventLog.head(shardOf(jobId));
  const seen = { first: 0, last: 0, count: 0, unreadable: 0, bodies: new Set<string>() };
  const lines = async function* (): AsyncGenerator<string, void, undefined> {
    for await (const entry of entriesTo(eventLog, jobId, lastSeq)) {
      seen.first ||= entry.seq;
      seen.last = entry.seq;
      seen.count++;
      if (isUnreadable(entry)) seen.unreadable++;
      else if (entry.type === 'PageFetched' && entry.data.body) seen.bodies.add(entry.data.body.sha256);
      yield eventLine(entry);
      if (seen.count % 1000 === 0) onProgress?.(seen.count);
    }
  };
  const events = await archive.setAside(lines());
  try {
    // What was removed meanwhile was purged while it was read.
    checkWhole(jobId, await stateOf(eventLog, jobId));
    const { first, last, count, unreadable } = seen;
    const { bytes, sha256 } = events;
    const manifest: ArchiveManifest = {
      ...{ format: 1, jobId, range: { first, last }, events: { count, unreadable, bytes, sha256 } },
      bodies: withBodies ? await presentBodies(bodies, jobId, seen.bodies) : null,
    };
    await archive.write(members(bodies, manifest, events));
    return manifest;
  } finally {
    await events.drop();
  }
}

const stateOf = async (eventLog: ExportDeps['eventLog'], jobId: string): Promise<JobState | null> =>
  foldDecisions(await eventLog.readDecisions(jobId, { bulk: false }));

function checkWhole(jobId: string, state: JobState | null): void {
  if (!state) throw notThere(jobId);
  if (state.status === 'removed')
    throw new SpoorError('impossible_transition', `Job ${jobId} was removed; there is nothing to export.`);
  if (state.copying)
    throw new SpoorError(
      'impossible_transition',
      `Job ${jobId} is a copy of ${state.copying.jobId} that is not finished.`,
      { hint: 'Repeat the fork or the import with this job id to finish it.' },
    );
}

async function presentBodies(
  bodies: ExportDeps['bodies'],
  jobId: string,
  wanted: Iterable<string>,
): Promise<ArchiveManifest['bodies']> {
  const files: string[] = [];
  const missing: string[] = [];
  for (const sha256 of wanted) ((await bodies.has(jobId, sha256)) ? files : missing).push(sha256);
  return { files, missing };
}

async function* members(
  bodies: ExportDeps['bodies'],
  manifest: ArchiveManifest,
  events: SetAside,
): AsyncGenerator<ArchiveMember, void, undefined> {
  yield member(MANIFEST, manifestBytes(manifest));
  yield { name: EVENTS, bytes: events.bytes, content: events.content() };
  const { jobId } = manifest;
  for (const sha256 of manifest.bodies?.files ?? []) {
    const raw = await bodies.get(jobId, sha256);
    if (raw === null)
      throw new SpoorError('conflict', `Job ${jobId} lost a body while it was exported: ${sha256}.`);
    if (createHash('sha256').update(raw).digest('hex') !== sha256)
      throw new SpoorError(
        'store_unavailable',
        `A body of job ${jobId} is damaged: ${sha256.slice(0, 12)}.`,
        {
          hint: 'Move that file away, or leave the bodies out; `spoor log verify --deep` names all that are damaged.',
        },
      );
    yield member(bodyFile(sha256), raw);
  }
}

const member = (name: string, raw: Buffer): ArchiveMember => ({
  ...{ name, bytes: raw.length },
  content: (async function* () {
    yield raw;
  })(),
});
