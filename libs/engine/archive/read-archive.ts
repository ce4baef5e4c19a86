import { createHash, type Hash } from 'node:crypto';
import { catalogue, isUnreadable, parseEventLine, storedBodiesOf, type StoredEvent } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { evolve, type JobState } from '#libs/job';
import type { ArchiveMember, JobArchive } from '#libs/engine/ports';
import { linesOf } from './lines.js';
import { archiveManifest, bodyFile, EVENTS, LIMITS, MANIFEST, type ArchiveManifest } from './manifest.js';

/** An archive whose every byte is what its manifest says. */
export interface ReadArchive {
  manifest: ArchiveManifest;
  /** Of the manifest, and so of everything. */
  sha256: string;
}

const wrong = (archive: JobArchive, what: string, hint?: string): SpoorError =>
  new SpoorError('invalid_request', `${archive.name} ${what}.`, {
    field: 'file',
    hint: hint ?? 'Copy it anew from where it was exported, or export the job again.',
  });

/**
 * Reads all of an archive and keeps nothing: hashes, order, and that the events are one job's history that this code can read.
 * @throws SpoorError invalid_request
 */
export async function checkArchive(archive: JobArchive): Promise<ReadArchive> {
  const members = archive.read()[Symbol.asyncIterator]();
  try {
    const first = await next(archive, members, MANIFEST, LIMITS.manifest);
    const raw = await bytesOf(first);
    const manifest = parseManifest(archive, raw);
    const { events, bodies } = manifest;
    const told = await next(archive, members, EVENTS, events.bytes);
    if (told.bytes !== events.bytes)
      throw wrong(archive, `holds ${EVENTS} of ${told.bytes} bytes, ${events.bytes} were written`);
    await checkEvents(archive, manifest, told);
    for (const sha256 of bodies?.files ?? []) {
      const hash = createHash('sha256');
      const body = await next(archive, members, bodyFile(sha256), LIMITS.body);
      for await (const chunk of body.content) hash.update(chunk);
      if (hash.digest('hex') !== sha256)
        throw wrong(archive, `holds a body that is not what was written: ${bodyFile(sha256)}`);
    }
    const surplus = await members.next();
    if (!surplus.done) throw wrong(archive, `holds ${surplus.value.name}, which its manifest does not name`);
    return { manifest, sha256: createHash('sha256').update(raw).digest('hex') };
  } finally {
    await members.return?.();
  }
}

/** Events of an archive that was checked, in order. */
export async function* archivedEvents(archive: JobArchive): AsyncGenerator<StoredEvent, void, undefined> {
  for await (const { name, content } of archive.read()) {
    if (name !== EVENTS) continue;
    for await (const line of linesOf(content, LIMITS.line)) yield eventOf(archive, line);
    return;
  }
}

/** Bodies of an archive that was checked, one at a time. */
export async function* archivedBodies(
  archive: JobArchive,
): AsyncGenerator<{ sha256: string; raw: Buffer }, void, undefined> {
  for await (const member of archive.read())
    if (member.name.startsWith(bodyFile('')))
      yield { sha256: member.name.slice(bodyFile('').length), raw: await bytesOf(member) };
}

async function next(
  archive: JobArchive,
  members: AsyncIterator<ArchiveMember>,
  name: string,
  maxBytes: number,
): Promise<ArchiveMember> {
  const { done, value } = await members.next();
  if (done) throw wrong(archive, `ends before ${name}`);
  if (value.name !== name)
    throw wrong(
      archive,
      `holds ${value.name} where ${name} belongs`,
      'This is no archive that spoor job export wrote, or one that was packed again.',
    );
  if (value.bytes > maxBytes)
    throw wrong(archive, `holds ${name} of ${value.bytes} bytes; ${maxBytes} are allowed`);
  return value;
}

function parseManifest(archive: JobArchive, raw: Buffer): ArchiveManifest {
  let value: unknown;
  try {
    value = JSON.parse(raw.toString('utf8'));
  } catch {
    throw wrong(archive, `holds a ${MANIFEST} that is no JSON`);
  }
  const { format } = (value ?? {}) as { format?: unknown };
  if (format !== 1)
    throw wrong(
      archive,
      `has the format ${JSON.stringify(format ?? null).slice(0, 20)}; this version reads format 1`,
      'Import it with the version of Spoor that wrote it, or a newer one.',
    );
  const parsed = archiveManifest.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw wrong(archive, `has a wrong ${MANIFEST}: ${issue?.path.join('.')} ${issue?.message}`);
}

async function checkEvents(
  archive: JobArchive,
  manifest: ArchiveManifest,
  told: ArchiveMember,
): Promise<void> {
  const { jobId, range, events, bodies } = manifest;
  const hash = createHash('sha256');
  const known = bodies && new Set([...bodies.files, ...bodies.missing]);
  const seen = { count: 0, first: 0, last: 0 };
  let state: JobState | null = null;
  for await (const line of linesOf(hashed(told.content, hash), LIMITS.line)) {
    const event = eventOf(archive, line);
    const { seq } = event;
    if (event.jobId !== jobId) throw wrong(archive, `holds an event of another job, ${event.jobId}`);
    if (seq <= seen.last) throw wrong(archive, `holds event ${seq} behind event ${seen.last}`);
    if (known && storedBodiesOf(event).some(({ sha256 }) => !known.has(sha256)))
      throw wrong(archive, `has no body for event ${seq}, and does not say that it is missing`);
    state = decided(archive, state, event);
    seen.first ||= seq;
    seen.last = seq;
    seen.count++;
  }
  if (hash.digest('hex') !== events.sha256) throw wrong(archive, `holds another ${EVENTS} than was written`);
  if (seen.count !== events.count || seen.first !== range.first || seen.last !== range.last)
    throw wrong(archive, `has a ${MANIFEST} that tells of other events than it holds`);
}

/** A history that no job can have is refused here, before a half of it is in the log. */
function decided(archive: JobArchive, state: JobState | null, event: StoredEvent): JobState | null {
  if (catalogue[event.type].family === 'page') {
    if (state) return state;
    throw wrong(archive, 'begins with a page, not with JobStarted');
  }
  if (event.type === 'JobRemoved' || (state === null && event.type !== 'JobStarted'))
    throw wrong(archive, `holds ${event.type} where no job has it`);
  return evolve(state, event as Parameters<typeof evolve>[1]);
}

function eventOf(archive: JobArchive, line: string): StoredEvent {
  const parsed = parseEventLine(line);
  if ('reason' in parsed) throw wrong(archive, `holds a line that ${parsed.reason}`);
  const { entry } = parsed;
  if (!isUnreadable(entry)) return entry;
  throw wrong(
    archive,
    `holds event ${entry.seq}, which cannot be read: ${entry.reason}`,
    'Import it with a version of Spoor that knows it.',
  );
}

async function* hashed(
  chunks: AsyncIterable<Uint8Array>,
  hash: Hash,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

async function bytesOf({ content }: ArchiveMember): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}
