import { startTestNats, until, type TestNats } from '#libs/testing';
import type { LogEntry } from '#libs/events';
import { connectLog, type JetStreamHandle } from './index.js';
import { fetched, paused, started } from './spec-events.js';

const JOB = '0-moments000';

describe('the sequence of a moment', () => {
  let nats: TestNats;
  let log: JetStreamHandle;
  let entries: LogEntry[];

  beforeAll(async () => {
    nats = await startTestNats();
    log = await connectLog({ url: nats.url, shards: 1, name: 'moments-spec' });
    const { seq } = await log.eventLog.appendJob(started(JOB), 0);
    for (let n = 0; n < 20; n++) {
      const began = Date.now();
      await until(() => Date.now() > began);
      await log.eventLog.publishPage(fetched(JOB, n));
    }
    await log.eventLog.appendJob(paused(JOB, 'p1'), seq);
    entries = [];
    for await (const batch of log.eventLog.readShard(0)) entries.push(...batch.entries);
  });
  afterAll(async () => {
    await log.close();
    await nats.stop();
  });

  it('is that of the first event stored then or later', async () => {
    const first = (time: number): number => entries.find(({ storedAt }) => storedAt >= time)!.seq;
    for (const { storedAt } of entries) {
      expect(await log.eventLog.seqAt(0, storedAt)).toBe(first(storedAt));
      expect(await log.eventLog.seqAt(0, storedAt - 1)).toBe(first(storedAt - 1));
    }
  });

  it('is one behind the end when nothing was stored since', async () => {
    expect(await log.eventLog.seqAt(0, entries.at(-1)!.storedAt + 1)).toBe(entries.length + 1);
    expect(await log.eventLog.seqAt(0, 0)).toBe(1);
  });

  it('steps over what was purged', async () => {
    const other = '0-moments111';
    const { seq } = await log.eventLog.appendJob(started(other), 0);
    while (await log.purge.pageFacts(JOB, seq));
    await log.purge.rest(JOB, seq);
    expect(await log.eventLog.seqAt(0, entries[5]!.storedAt)).toBe(seq);
  });
});
