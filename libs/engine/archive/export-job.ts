import { createHash } from 'node:crypto';
import { eventLine, isJobId, isUnreadable, shardOf, storedBodiesOf } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { foldDecisions, type JobState } from '#libs/job';
import type { ArchiveMember, BodyArchive, EventLog, JobArchive, SetAside } from '#libs/engine/ports';
import { entriesTo, notThere, type HistoryLog } from '../histories/fold-to.js';
import { bodyFile, EVENTS, LIMITS, MANIFEST, manifestBytes, type ArchiveManifest } from './manifest.js';

export interface ExportDeps {
  eventLog: HistoryLog & Pick<EventLog, 'readDecisions'>;
  bodies: Pick<BodyArchive, 'get' | 'has'>;
  shards: number;
}

/** Where an archive goes to. */
export type ArchiveTarget = Pick<JobArchive, 'checkWritable' | 'setAside' | 'write'>;

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
 * @throws SpoorError job_not_found; impossible_transition when there is no whole history, or an import would not take it;
 *   invalid_request, store_unavailable
 */
export async function exportJob(
  { eventLog, bodies, shards }: ExportDeps,
  jobId: string,
  archive: ArchiveTarget,
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
      for (const { sha256 } of storedBodiesOf(entry)) seen.bodies.add(sha256);
      const line = eventLine(entry);
      checkSize(jobId, `event ${entry.seq}`, line, LIMITS.line);
      yield line;
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

/** An archive that no import takes would be found out when it is needed. */
function checkSize(jobId: string, what: string, content: string | Buffer, max: number): void {
  // Characters are at most three bytes each.
  if (content.length * 3 <= max) return;
  const bytes = Buffer.byteLength(content);
  if (bytes <= max) return;
  throw new SpoorError(
    'impossible_transition',
    `Job ${jobId} cannot be archived: ${what} has ${bytes} bytes, and an import takes ${max}.`,
    { hint: 'Leave the bodies out (--out instead of --bodies), or keep the log itself: spoor log backup.' },
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
  const { jobId } = manifest;
  const named = manifestBytes(manifest);
  checkSize(jobId, `${MANIFEST} with all names of bodies`, named, LIMITS.manifest);
  yield member(MANIFEST, named);
  yield { name: EVENTS, bytes: events.bytes, content: events.content() };
  for (const sha256 of manifest.bodies?.files ?? []) {
    const raw = await bodies.get(jobId, sha256);
    if (raw === null)
      throw new SpoorError('conflict', `Job ${jobId} lost a body while it was exported: ${sha256}.`);
    checkSize(jobId, `a body, ${sha256.slice(0, 12)}`, raw, LIMITS.body);
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
