import { setTimeout as sleep } from 'node:timers/promises';
import { startTestNats, until, type TestNats } from '#libs/testing';
import { subjects, type LogEntry } from '#libs/events';
import type { LogBatch } from '#libs/engine/ports';
import { connectLog, LogIdentityError, type JetStreamHandle } from './index.js';
import { fetched, paused, started, stopped } from './spec-events.js';

const seqs = (batches: LogBatch[]): number[] => batches.flatMap((b) => b.entries.map((e) => e.seq));

async function all(source: AsyncIterable<LogBatch>): Promise<LogBatch[]> {
  const batches: LogBatch[] = [];
  for await (const batch of source) batches.push(batch);
  return batches;
}

describe('reading the log', () => {
  let nats: TestNats;
  let log: JetStreamHandle;
  let job: string;
  let jobs = 0;

  beforeAll(async () => {
    nats = await startTestNats();
    log = await connectLog({ url: nats.url, shards: 1, name: 'read-spec' });
  });
  afterAll(async () => {
    await log.close();
    await nats.stop();
  });
  beforeEach(() => {
    job = `0-reading${String(++jobs).padStart(4, '0')}`;
  });
  const publish = (from: number, to: number, id = job): Promise<unknown> =>
    Promise.all(Array.from({ length: to - from }, (_, i) => log.eventLog.publishPage(fetched(id, from + i))));

  it('ends at once, caught up, when a filter matches nothing', async () => {
    await publish(0, 3);
    const { lastSeq } = await log.eventLog.head(0);
    expect(await all(log.eventLog.readJob('0-nothing00'))).toEqual([
      { entries: [], upTo: lastSeq, caughtUp: true },
    ]);
    expect(await all(log.eventLog.readShard(0, { fromSeq: lastSeq + 1 }))).toEqual([
      { entries: [], upTo: lastSeq, caughtUp: true },
    ]);
  });

  it('hands on what it stored, in batches no larger than asked for', async () => {
    const events = Array.from({ length: 25 }, (_, i) => fetched(job, i));
    for (const event of events) await log.eventLog.publishPage(event);
    await publish(0, 5, '0-another00');
    const batches = await all(log.eventLog.readJob(job, { maxBatch: 10 }));
    expect(batches.every((b) => b.entries.length <= 10)).toBe(true);
    const entries = batches.flatMap((b) => b.entries);
    expect(entries).toEqual(
      events.map((e) => ({ ...e, seq: expect.any(Number), storedAt: expect.any(Number) })),
    );
    expect(batches.at(-1)).toMatchObject({ caughtUp: true, upTo: (await log.eventLog.head(0)).lastSeq });
    expect(batches.slice(0, -1).every((b) => !b.caughtUp)).toBe(true);
  });

  it('follows: history first, then what comes, and advances past what its filter leaves out', async () => {
    await publish(0, 3);
    const ended = new AbortController();
    const seen: LogBatch[] = [];
    const reading = (async () => {
      for await (const batch of log.eventLog.readJob(job, { follow: true, signal: ended.signal }))
        seen.push(batch);
    })();
    await until(() => seen.at(-1)?.caughtUp);
    await publish(3, 5);
    await until(() => seqs(seen).length === 5);
    await publish(0, 4, '0-another01');
    const { lastSeq } = await log.eventLog.head(0);
    await until(() => seen.at(-1)?.upTo === lastSeq);
    ended.abort();
    await reading;
    expect(seqs(seen)).toHaveLength(5);
  });

  it('has no gap and no double across kill -9 and restarts, and goes on at once', async () => {
    const { lastSeq } = await log.eventLog.head(0);
    const ended = new AbortController();
    const seen: LogEntry[] = [];
    let upTo = lastSeq;
    const reading = (async () => {
      const options = { fromSeq: lastSeq + 1, follow: true, signal: ended.signal, maxBatch: 50 };
      for await (const batch of log.eventLog.readShard(0, options)) {
        expect(batch.upTo).toBeGreaterThanOrEqual(upTo);
        upTo = batch.upTo;
        seen.push(...batch.entries);
      }
    })();
    const writing = (async () => {
      for (let i = 0; i < 100; i += 1) await publish(i * 10, i * 10 + 10);
    })();
    for (let kill = 1; kill <= 3; kill += 1) {
      await until(() => seen.length >= kill * 200);
      await nats.kill9();
      await nats.restart();
    }
    await writing;
    await until(() => seen.length >= 1000, { timeoutMs: 15_000 });
    ended.abort();
    await reading;
    expect(seen.map((e) => e.seq)).toEqual(Array.from({ length: 1000 }, (_, i) => lastSeq + 1 + i));
    expect(new Set(seen.map((e) => e.id)).size).toBe(1000);
  }, 60_000);

  it('goes on when its consumer is deleted', async () => {
    const { lastSeq } = await log.eventLog.head(0);
    const ended = new AbortController();
    const seen: LogBatch[] = [];
    const reading = (async () => {
      const options = { fromSeq: lastSeq + 1, follow: true, signal: ended.signal };
      for await (const batch of log.eventLog.readShard(0, options)) seen.push(batch);
    })();
    await until(() => seen.length > 0);
    const stream = subjects.eventStream(0);
    const list = await log.nc.request(`$JS.API.CONSUMER.NAMES.${stream}`);
    for (const name of list.json<{ consumers: string[] }>().consumers)
      await log.nc.request(`$JS.API.CONSUMER.DELETE.${stream}.${name}`);
    await publish(0, 5);
    await until(() => seqs(seen).length === 5);
    ended.abort();
    await reading;
    expect(seqs(seen)).toEqual([1, 2, 3, 4, 5].map((n) => lastSeq + n));
  });

  it('asks for no more than a window while its consumer is slow', async () => {
    for (let i = 0; i < 5; i += 1) await publish(i * 1000, i * 1000 + 1000);
    const received = (): number => log.nc.stats().inMsgs;
    let first = 0;
    for await (const batch of log.eventLog.readJob(job, { maxBatch: 20 })) {
      if (first === 0) {
        const before = received();
        await sleep(300);
        expect(received() - before).toBeLessThan(100);
      }
      first ||= batch.entries[0]?.seq ?? 0;
      if (batch.entries.length > 0) break;
    }
    expect(first).toBeGreaterThan(0);
  });

  it('ends soon when it is told to, also while the server is away', async () => {
    const ended = new AbortController();
    const reading = all(log.eventLog.readShard(0, { follow: true, signal: ended.signal }));
    await nats.kill9();
    ended.abort();
    await reading;
    await nats.restart();
  });

  it('knows the decisions of a job, the last one of each, and those that come', async () => {
    const other = `${job}b`;
    const ended = new AbortController();
    const watched: string[] = [];
    const watch = log.eventLog.watchDecisions(0, ended.signal);
    const first = await log.eventLog.appendJob(started(job), 0);
    const watching = (async () => {
      for await (const event of watch) watched.push(`${event.jobId} ${event.type}`);
    })();
    await publish(0, 3);
    await log.eventLog.appendJob(started(other), 0);
    await log.eventLog.appendJob(stopped(job, 's1'), first.seq);

    expect((await log.eventLog.readDecisions(job)).map((e) => e.type)).toEqual(['JobStarted', 'JobStopped']);
    const last = (await log.eventLog.lastDecisions(0)).filter((e) => e.jobId.startsWith(job));
    expect(last.map((e) => `${e.jobId} ${e.type}`)).toEqual([`${other} JobStarted`, `${job} JobStopped`]);
    await until(() => watched.length === 3);
    ended.abort();
    await watching;
    expect(watched).toEqual([`${job} JobStarted`, `${other} JobStarted`, `${job} JobStopped`]);
  });

  it('answers what was recorded since a sequence, by ids alone', async () => {
    await publish(0, 3);
    const { lastSeq } = await log.eventLog.head(0);
    await publish(3, 6);
    await log.eventLog.appendJob(started(job), 0);
    const ids = await log.eventLog.pageEventIds(job, lastSeq + 1);
    expect(ids).toEqual(new Set([3, 4, 5].map((n) => fetched(job, n).id)));
    expect(await log.eventLog.eventIdAt(0, lastSeq + 1)).toMatch(job);
    expect(await log.eventLog.eventIdAt(0, lastSeq + 100)).toBeNull();
  });

  it('purges a job up to its removal and nothing else', async () => {
    const other = `${job}b`;
    await publish(0, 3);
    await publish(0, 2, other);
    const first = await log.eventLog.appendJob(started(job), 0);
    const removal = await log.eventLog.appendJob(paused(job, 'last'), first.seq);
    await publish(3, 4);
    expect(await log.purge.pageFacts(job, removal.seq)).toBe(true);
    expect(await log.purge.pageFacts(job, removal.seq)).toBe(false);
    expect(seqs(await all(log.eventLog.readJob(job)))).toEqual([first.seq, removal.seq, removal.seq + 1]);
    await log.purge.rest(job, removal.seq);
    expect(seqs(await all(log.eventLog.readJob(job)))).toEqual([removal.seq, removal.seq + 1]);
    expect(seqs(await all(log.eventLog.readJob(other)))).toHaveLength(2);
    expect(seqs(await all(log.eventLog.readJob(job, { fromSeq: removal.seq + 2 })))).toEqual([]);
  });

  describe('of a log that changes its identity', () => {
    it('is refused while following, and when it begins behind the end', async () => {
      await publish(0, 5);
      const before = await log.eventLog.head(0);
      let followed = 0;
      const following = (async () => {
        for await (const batch of log.eventLog.readShard(0, { follow: true }))
          followed += batch.entries.length;
      })();
      following.catch(() => {});
      await until(() => followed >= 5);
      const stream = subjects.eventStream(0);
      await log.nc.request(`$JS.API.STREAM.DELETE.${stream}`);
      await expect(following).rejects.toBeInstanceOf(LogIdentityError);

      const again = await connectLog({ url: nats.url, shards: 1, name: 'read-spec-2' });
      expect((await again.eventLog.head(0)).stream).not.toBe(before.stream);
      await expect(all(again.eventLog.readShard(0, { fromSeq: before.lastSeq + 1 }))).rejects.toBeInstanceOf(
        LogIdentityError,
      );
      await again.close();
    });
  });
});
