import { randomBytes } from 'node:crypto';
import { natsVersions, startTestNats, type NatsVersion, type TestNats } from '#libs/testing';
import { subjects, type LogEntry } from '#libs/events';
import type { Snapshot } from '#libs/engine/ports';
import { connectLog, type JetStreamHandle } from './index.js';
import { fetched, paused, started } from './spec-events.js';

const [JOB, GONE] = ['0-kept000000', '0-gone000000'];
const EVENTS = subjects.eventStream(0);

async function collect({
  chunks,
  ...info
}: Snapshot): Promise<{ info: Omit<Snapshot, 'chunks'>; parts: Uint8Array[] }> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return { info, parts };
}

async function* each<T>(parts: readonly T[]): AsyncGenerator<T> {
  yield* parts;
}

describe('the log as a whole, saved and restored', () => {
  const said: string[] = [];
  const logger = { info() {}, warn() {}, error: (text: string) => void said.push(text) };
  const opened: { nats: TestNats; log: JetStreamHandle }[] = [];
  let versions: NatsVersion[] = [];

  const open = async (program?: string): Promise<{ nats: TestNats; log: JetStreamHandle }> => {
    const nats = await startTestNats([], program === undefined ? {} : { program });
    const log = await connectLog({
      url: nats.url,
      shards: 1,
      name: 'archive-spec',
      logger,
      evenHalfRestored: true,
    });
    opened.push({ nats, log });
    return { nats, log };
  };
  /** Decisions, many facts, one of them with lists beside it, and a job of which only the tombstone is left. */
  const fill = async ({ eventLog, purge }: JetStreamHandle): Promise<void> => {
    await eventLog.appendJob(started(JOB), 0);
    const { seq } = await eventLog.appendJob(started(GONE), 0);
    await Promise.all(
      Array.from({ length: 800 }, (_, n) => eventLog.publishPage(fetched(n % 7 ? JOB : GONE, n))),
    );
    const links = Array.from({ length: 20_000 }, (_, n) => `/a-rather-long-path-to-a-page-of-the-site/${n}`);
    await eventLog.publishPage(fetched(JOB, 'long', { links: { follow: { default: links }, skip: {} } }));
    const removal = paused(GONE, 'removed');
    const { seq: upTo } = await eventLog.appendJob(removal, seq);
    while (await purge.pageFacts(GONE, upTo));
    await purge.rest(GONE, upTo);
  };
  const read = async ({ eventLog }: JetStreamHandle): Promise<LogEntry[]> => {
    const entries: LogEntry[] = [];
    for await (const batch of eventLog.readShard(0)) entries.push(...batch.entries);
    return entries;
  };
  const saveAll = async ({ archive }: JetStreamHandle) => {
    const saved: Awaited<ReturnType<typeof collect>>[] = [];
    for (const { stream } of await archive.streams(0))
      saved.push(await collect(await archive.snapshot(stream)));
    return saved;
  };
  const bringBack = async (
    { archive }: JetStreamHandle,
    saved: Awaited<ReturnType<typeof saveAll>>,
  ): Promise<void> => {
    await archive.beginRestore();
    await archive.drop(0);
    for (const { info, parts } of saved) await archive.restore(info, each(parts), 'mark-1');
    await archive.endRestore();
  };

  beforeAll(async () => {
    versions = await natsVersions();
    if (versions.length < 2)
      console.log('only the nats-server of this machine is tested: the archive gives no other');
    if (versions.length === 0) versions = [{ version: 'of this machine', program: '' }];
  }, 300_000);
  afterEach(async () => {
    for (const { nats, log } of opened.splice(0)) {
      await log.close();
      await nats.stop();
    }
  });

  it('comes back the same on every version that can be had, under another identity', async () => {
    for (const { program } of versions) {
      const { log } = await open(program || undefined);
      await fill(log);
      const before = await read(log);
      const head = await log.eventLog.head(0);
      const saved = await saveAll(log);
      for (let n = 0; n < 50; n += 1) await log.eventLog.publishPage(fetched(JOB, `later-${n}`));
      await bringBack(log, saved);

      expect(await read(log)).toEqual(before);
      // The events of a removed job are missing by right.
      await log.nc.flush();
      expect(said).toEqual([]);
      const restored = await log.eventLog.head(0);
      expect(restored.lastSeq).toBe(head.lastSeq);
      expect(restored.stream).not.toBe(head.stream);
      // It goes on: ids are remembered, and decisions are made on the last one.
      expect(await log.eventLog.publishPage(fetched(JOB, 'later-1'))).toMatchObject({
        seq: head.lastSeq + 1,
      });
      await expect(log.eventLog.appendJob(paused(JOB, 'p'), 99)).rejects.toMatchObject({ code: 'conflict' });
      await expect(log.eventLog.appendJob(paused(JOB, 'p'), 1)).resolves.toMatchObject({ duplicate: false });
    }
  }, 120_000);

  it('comes back on a newer server', async () => {
    const [oldest, newest] = [versions[0], versions.at(-1)];
    if (!oldest || !newest || oldest === newest) return console.log('skipped: there is only one version');
    const { log: from } = await open(oldest.program);
    await fill(from);
    const { log: to } = await open(newest.program);
    await bringBack(to, await saveAll(from));
    expect(await read(to)).toEqual(await read(from));
  }, 60_000);

  it('drops what is in flight with the log: it belongs to another history', async () => {
    const { log } = await open();
    const batch = { jobId: JOB, generation: 1, run: 1, jobSeq: 1, logSeq: 1, tasks: [] };
    await log.fetchQueue.release(0, 'http', [batch], 0);
    await bringBack(log, await saveAll(log));
    expect(await log.fetchQueue.snapshot(0)).toEqual({ lastSeq: 0, batches: [] });
  });

  it('lets nobody in until a restore that was begun has ended', async () => {
    const { nats, log } = await open();
    const saved = await saveAll(log);
    await log.archive.beginRestore();
    await log.archive.drop(0);
    const enter = () => connectLog({ url: nats.url, shards: 1, name: 'archive-spec' });
    await expect(enter()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: 'The event log is being restored, or a restore was interrupted.',
    });
    expect(await log.archive.interrupted()).toBe(true);
    await bringBack(log, saved);
    await (await enter()).close();
  });

  it('says so when a snapshot cannot be unpacked, and leaves no stream behind', async () => {
    const { log } = await open();
    await fill(log);
    const [{ info, parts }] = (await saveAll(log)) as [Awaited<ReturnType<typeof collect>>];
    await log.archive.beginRestore();
    await log.archive.drop(0);
    await expect(log.archive.restore(info, each(parts.slice(0, -1)), 'mark-2')).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(/^NATS refused: restore failed/),
    });
    await expect(log.eventLog.head(0)).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('gives up on a snapshot whose server dies', async () => {
    const { nats, log } = await open();
    // More than the server sends without an acknowledgement, and nothing that it could compress.
    const subject = subjects.pageSubject(JOB, 'PageFetched');
    await Promise.all(Array.from({ length: 32 }, () => log.nc.request(subject, randomBytes(500_000))));
    const { chunks } = await log.archive.snapshot(EVENTS);
    await nats.kill9();
    await expect(collect({ chunks } as Snapshot).then(({ parts }) => parts.length)).rejects.toMatchObject({
      code: 'store_unavailable',
    });
  }, 90_000);
});
