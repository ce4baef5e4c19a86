import { join } from 'node:path';
import { BackupFolder } from '#libs/adapters/backup-folder';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { createKeyHasher, newId, systemClock } from '#libs/adapters/system';
import { startTestNats, testDir, type TestNats } from '#libs/testing';
import { Keys } from '../accounts/index.js';
import type { BodyArchive } from '../ports/index.js';
import { backupLog, restoreLog } from './index.js';

const noBodies: BodyArchive = {
  async *list() {},
  has: () => Promise.resolve(false),
  get: () => Promise.resolve(null),
  put: () => Promise.reject(new Error('not part of this test')),
  link: () => Promise.resolve(false),
  removeJob: () => Promise.resolve(),
};

describe('a backup', () => {
  const opened: { nats: TestNats; log: JetStreamHandle }[] = [];
  const open = async () => {
    const nats = await startTestNats();
    const log = await connectLog({ url: nats.url, shards: 1, name: 'backup spec' });
    opened.push({ nats, log });
    return log;
  };
  const keysOf = async (log: JetStreamHandle): Promise<Keys> =>
    new Keys({
      log: await log.accounts(),
      hasher: createKeyHasher('s'.repeat(32)),
      clock: systemClock,
      newId,
    });
  afterEach(async () => {
    for (const { nats, log } of opened.splice(0)) {
      await log.close();
      await nats.stop();
    }
  });
  const bringBack = (log: JetStreamHandle, store: BackupFolder, replace: boolean) =>
    restoreLog(
      { archive: log.archive, store, lease: log.lease, bodies: noBodies },
      { shards: 1, mark: 'again', replace, keep: null },
    );

  it('given API keys, then they come back with the logs of the jobs, on another server, too', async () => {
    const first = await open();
    const { keyId } = await (await keysOf(first)).create({ tier: 'premium', scopes: ['admin'] });
    const store = new BackupFolder(join(testDir('backup'), 'one'), () => noBodies as never);
    const manifest = await backupLog({ archive: first.archive, store, clock: systemClock }, 1);
    expect(manifest.streams.map(({ shard, stream }) => [shard, stream])).toEqual([
      [0, 'SPOOR_EVENTS_0'],
      [0, 'SPOOR_BLOBS_0'],
      [null, 'SPOOR_ACCOUNTS'],
    ]);

    const other = await open();
    await bringBack(other, store, false);
    expect(await (await keysOf(other)).list()).toMatchObject([{ keyId, tier: 'premium', revokedAt: null }]);

    // Keys that are there are nothing that a restore takes away unasked.
    await (await keysOf(other)).revoke(keyId);
    await expect(bringBack(other, store, false)).rejects.toMatchObject({ details: { field: '--replace' } });
    await bringBack(other, store, true);
    expect(await (await keysOf(other)).list()).toMatchObject([{ keyId, revokedAt: null }]);
  });
});
