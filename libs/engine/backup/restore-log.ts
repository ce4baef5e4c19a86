import type { BackupStore, BodyArchive, Lease, LogArchive } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import { copyBodies } from './backup-log.js';
import { backupManifest, type BackupManifest } from './manifest.js';

export interface RestoreDeps {
  archive: LogArchive;
  store: BackupStore;
  lease: Pick<Lease, 'holder'>;
  bodies: BodyArchive;
}

export interface RestoreOptions {
  shards: number;
  /** Becomes part of the identity of what is restored. */
  mark: string;
  /** A log that holds anything may be replaced. */
  replace: boolean;
  /** Called before a log that holds anything is dropped; null when it is not wanted. */
  keep: (() => Promise<void>) | null;
  onStream?: (stream: string, messages: number) => void;
}

/**
 * Puts a backup in the place of the log. Everything that can be wrong is found before anything is dropped. Interrupted, it is run
 * again; until it has ended no engine starts on what is there.
 *
 * @throws SpoorError
 */
export async function restoreLog(deps: RestoreDeps, options: RestoreOptions): Promise<BackupManifest> {
  const { archive, store, bodies } = deps;
  const { shards, mark, onStream = () => undefined } = options;
  const manifest = await checkedManifest(store);
  checkFit(manifest, archive.serverVersion, shards);
  await checkFiles(store, manifest);
  await refuseRunningEngine(deps.lease, shards);
  const present = await messagesIn(archive, shards);
  // Of the bodies nothing is replaced: they are named by what they hold. So they come first.
  if (manifest.bodies) await copyBodies(store.bodies, bodies);
  if (!(await archive.interrupted()) && present > 0) {
    if (!options.replace) throw notEmpty(present);
    await options.keep?.();
  }
  await archive.beginRestore();
  for (let shard = 0; shard < shards; shard += 1) await archive.drop(shard);
  for (const { file, shard, ...info } of manifest.streams) {
    if (shard === null) await archive.dropCompanion(info.stream);
    onStream(info.stream, info.state.messages);
    await archive.restore(info, store.read(file), mark);
  }
  await archive.endRestore();
  return manifest;
}

async function checkedManifest(store: BackupStore): Promise<BackupManifest> {
  const parsed = backupManifest.safeParse(await store.readManifest());
  if (parsed.success) return parsed.data;
  throw new SpoorError('invalid_request', `There is no complete backup in ${store.name}.`, {
    field: 'folder',
    hint: 'A backup is complete when it has its manifest.json, which is written last.',
  });
}

function checkFit(manifest: BackupManifest, version: string, shards: number): void {
  if (manifest.shards !== shards)
    throw new SpoorError(
      'invalid_request',
      `The backup has ${manifest.shards} shards, this engine has ${shards}.`,
      { field: 'SPOOR_SHARDS', hint: `Restore it with SPOOR_SHARDS=${manifest.shards}.` },
    );
  if (isOlder(version, manifest.natsVersion))
    throw new SpoorError(
      'invalid_request',
      `The backup was written by nats-server ${manifest.natsVersion}; this one is ${version}.`,
      { field: 'folder', hint: `Restore it with nats-server ${manifest.natsVersion} or newer.` },
    );
}

/** By major and minor: the form of snapshots does not change within these. */
function isOlder(version: string, than: string): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number);
  const [c = 0, d = 0] = than.split('.').map(Number);
  return a < c || (a === c && b < d);
}

async function checkFiles(store: BackupStore, { streams }: BackupManifest): Promise<void> {
  for (const { file, sha256, bytes } of streams) {
    const found = await store.check(file);
    if (found?.sha256 === sha256 && found.bytes === bytes) continue;
    const what = found === null ? 'is missing from the backup' : 'is not what was written into the backup';
    throw new SpoorError('invalid_request', `${file} ${what}.`, {
      field: 'folder',
      hint: 'The backup is damaged; use another copy of it, or an older one.',
    });
  }
}

async function refuseRunningEngine(lease: Pick<Lease, 'holder'>, shards: number): Promise<void> {
  for (let shard = 0; shard < shards; shard += 1)
    if ((await lease.holder(`coordinator-${shard}`)) !== null)
      throw new SpoorError('conflict', 'An engine runs on this log.', {
        hint: 'Stop it (all its coordinators), wait some seconds when it was killed, and try again.',
      });
}

async function messagesIn(archive: LogArchive, shards: number): Promise<number> {
  let messages = 0;
  for (const stream of await archive.companions()) messages += stream.messages;
  for (let shard = 0; shard < shards; shard += 1)
    for (const stream of await archive.streams(shard)) messages += stream.messages;
  return messages;
}

const notEmpty = (messages: number): SpoorError =>
  new SpoorError('invalid_request', `The log is not empty: it holds ${messages} messages.`, {
    field: '--replace',
    hint: 'With --replace the backup takes its place; what is there is saved first.',
  });
