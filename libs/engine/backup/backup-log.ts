import type { BackupStore, BodyArchive, Clock, LogArchive, StreamSummary } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import type { BackupManifest } from './manifest.js';

const COPIES_AT_ONCE = 16;

export interface BackupDeps {
  archive: LogArchive;
  store: BackupStore;
  clock: Pick<Clock, 'now'>;
  /** Saved, too, when given. */
  bodies?: BodyArchive | undefined;
}

/**
 * Saves the log of all shards while the engine goes on: each stream as it is at one moment, events before the lists and bodies that
 * they refer to, which were stored before them. The fetch queue is left out: the coordinator makes it again.
 *
 * @throws SpoorError
 */
export async function backupLog(
  { archive, store, clock, bodies }: BackupDeps,
  shards: number,
  onStream: (stream: string, messages: number) => void = () => undefined,
): Promise<BackupManifest> {
  await store.create();
  const createdAt = new Date(clock.now()).toISOString();
  const streams: BackupManifest['streams'] = [];
  const save = async (shard: number | null, summaries: readonly StreamSummary[]): Promise<void> => {
    for (const { stream } of summaries) {
      const { chunks, ...info } = await archive.snapshot(stream);
      onStream(stream, info.state.messages);
      const file = `${stream}.snapshot`;
      streams.push({ shard, ...info, file, ...(await store.write(file, chunks)) });
    }
  };
  for (let shard = 0; shard < shards; shard += 1) await save(shard, await archive.streams(shard));
  await save(null, await archive.companions());
  const saved = bodies ? await copyBodies(bodies, store.bodies) : null;
  const manifest: BackupManifest = {
    ...{ format: 1, createdAt, natsVersion: archive.serverVersion, shards, streams },
    bodies: saved,
  };
  await store.writeManifest(manifest);
  return manifest;
}

/**
 * Copies what is not there yet; the name of a body is its hash, so each is checked on its way.
 * @throws SpoorError store_unavailable
 */
export async function copyBodies(
  from: BodyArchive,
  to: BodyArchive,
): Promise<{ files: number; bytes: number }> {
  const copied = { files: 0, bytes: 0 };
  const list = from.list()[Symbol.asyncIterator]();
  const copySome = async (): Promise<void> => {
    for (let next = await list.next(); !next.done; next = await list.next()) await copy(next.value);
  };
  const copy = async ({ jobId, sha256 }: { jobId: string; sha256: string }): Promise<void> => {
    const raw = await from.get(jobId, sha256);
    // Its job was removed meanwhile.
    if (raw === null) return;
    const put = await to.put(jobId, raw, { encoding: 'identity', contentType: null });
    if (put.sha256 !== sha256)
      throw new SpoorError(
        'store_unavailable',
        `A body of job ${jobId} is damaged: ${sha256.slice(0, 12)}.`,
        {
          hint: 'Move that file away, or leave the bodies out; `spoor log verify --deep` names all that are damaged.',
        },
      );
    copied.files += 1;
    copied.bytes += put.storedBytes;
  };
  // The disk confirms each file: waiting for them one by one would take its time.
  await Promise.all(Array.from({ length: COPIES_AT_ONCE }, copySome));
  return copied;
}
