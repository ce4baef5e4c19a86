import { createFileBodies } from '#libs/adapters/bodies';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { openDatabase, type OpenDatabase } from '#libs/adapters/postgres';
import { newId, systemClock } from '#libs/adapters/system';
import type { LogEntry } from '#libs/events';
import type { LogPurge } from '#libs/engine/ports';
import { createTestDatabase, startTestNats, testDir, type TestDatabase, type TestNats } from '#libs/testing';
import { chainHistory, page, record } from '#libs/testing/history';
import { JobService } from '../jobs/index.js';
import { Projector, rebuildReadModels } from '../projector/index.js';
import { RemoveJob, RetentionSweep } from './index.js';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const META = { encoding: 'identity' as const, contentType: 'text/html' };
const DAY_MS = 86_400_000;

describe('retention, on a real log and a real database', () => {
  let nats: TestNats;
  let store: TestDatabase;
  let log: JetStreamHandle;
  let db: OpenDatabase;
  let jobId: string;
  const bodies = createFileBodies({ dir: testDir('retention') });

  beforeAll(async () => {
    [nats, store] = await Promise.all([startTestNats(), createTestDatabase()]);
    log = await connectLog({ url: nats.url, shards: 1, name: 'retention spec' });
    db = await openDatabase(store.url);
    await db.migrate();
  }, 60_000);
  afterAll(async () => {
    await db.close();
    await log.close();
    await Promise.all([nats.stop(), store.drop()]);
  });
  beforeEach(async () => {
    jobId = jobs().newJobId();
    await record(log.eventLog, chainHistory(jobId));
  });

  const removalBy = (purge: LogPurge = log.purge) =>
    new RemoveJob({ eventLog: log.eventLog, purge, bodies, clock: systemClock });
  const jobs = (purge?: LogPurge): JobService =>
    new JobService({
      ...{ eventLog: log.eventLog, clock: systemClock, newId, shards: 1 },
      removal: removalBy(purge),
    });
  const eventsOf = async (job: string): Promise<LogEntry[]> => {
    const found: LogEntry[] = [];
    for await (const { entries } of log.eventLog.readJob(job)) found.push(...entries);
    return found;
  };
  const dump = async (): Promise<string> => {
    const deps = { eventLog: log.eventLog, store: db.projectionStore, clock: systemClock, logger };
    const projector = new Projector(deps, { shard: 0 });
    const { seq } = await projector.position();
    for await (const batch of log.eventLog.readShard(0, { fromSeq: seq + 1 })) await projector.apply(batch);
    let text = '';
    for await (const line of db.dump()) text += line;
    return text;
  };
  const rebuild = () =>
    rebuildReadModels(
      { eventLog: log.eventLog, store: db.projectionStore, clock: systemClock, logger },
      { shards: [0], codeVersion: '1' },
    );
  /** Dies before the n-th step. */
  const dying = (steps: number): LogPurge => {
    const step = (): void => {
      if (steps-- <= 0) throw new Error('killed');
    };
    return {
      pageFacts: async (...args) => (step(), log.purge.pageFacts(...args)),
      rest: async (...args) => (step(), log.purge.rest(...args)),
    };
  };
  /** One sweep at a moment, on a clock of its own. */
  const sweepAt = async (now: number, maxAgeDays: number | null): Promise<void> => {
    const ending = new AbortController();
    const clock = { now: () => now, sleep: async () => ending.abort() };
    const maxAgeMs = maxAgeDays === null ? null : maxAgeDays * DAY_MS;
    const deps = { eventLog: log.eventLog, clock, logger, removal: removalBy() };
    await new RetentionSweep(deps, { shard: 0, maxAgeMs }).run(ending.signal);
  };

  test('a removed job leaves its tombstone, in the log and in the rows, live and rebuilt; others keep what they have', async () => {
    const other = jobs().newJobId();
    await record(log.eventLog, chainHistory(other));
    const { sha256 } = await bodies.put(jobId, Buffer.from('x'), META);
    await bodies.put(other, Buffer.from('x'), META);
    await dump();
    const answer = await jobs().remove(jobId, { reason: 'done with it' });
    expect(answer).toMatchObject({ status: 'removed' });
    expect(await eventsOf(jobId)).toMatchObject([
      { type: 'JobRemoved', seq: answer.seq, data: { reason: 'done with it' } },
    ]);
    expect([await bodies.get(jobId, sha256), await bodies.get(other, sha256)]).toEqual([
      null,
      Buffer.from('x'),
    ]);
    expect(await eventsOf(other)).toHaveLength(chainHistory(other).length);
    const live = await dump();
    expect((await db.readModels.pages(jobId, {}, 10)).rows).toEqual([]);
    expect((await db.readModels.pages(other, {}, 100)).rows).toHaveLength(14);
    await rebuild();
    expect(await dump()).toBe(live);
    expect(await jobs().remove(jobId)).toMatchObject({ seq: answer.seq });
  });

  test.each([0, 1, 2])(
    'killed before step %i, it is finished by asking again, or by the next sweep',
    async (steps) => {
      for (const finish of [() => jobs().remove(jobId), () => sweepAt(Date.now(), null)]) {
        jobId = jobs().newJobId();
        await record(log.eventLog, chainHistory(jobId));
        await bodies.put(jobId, Buffer.from('x'), META);
        await expect(jobs(dying(steps)).remove(jobId)).rejects.toThrow('killed');
        // No fold shows it from the first moment.
        expect((await jobs().state(jobId))!.status).toBe('removed');
        await finish();
        expect(await eventsOf(jobId)).toMatchObject([{ type: 'JobRemoved' }]);
      }
      const live = await dump();
      await rebuild();
      expect(await dump()).toBe(live);
    },
  );

  test('a running job is not removed, and the refusal says how', async () => {
    const { jobId: running } = await jobs().start({ start: [page('/')] });
    await expect(jobs().remove(running)).rejects.toMatchObject({
      code: 'impossible_transition',
      hint: expect.stringContaining(`spoor job stop ${running}`),
    });
    await jobs().stop(running);
    await expect(jobs().remove(running, { expectedSeq: 1 })).rejects.toMatchObject({ code: 'conflict' });
    expect(await eventsOf(running)).toHaveLength(2);
  });

  test('what has outlived its time goes, what is younger or waits for a person stays, and without a policy everything', async () => {
    const { jobId: paused } = await jobs().start({ start: [page('/')] });
    await jobs().pause(paused);
    const { jobId: running } = await jobs().start({ start: [page('/')] });
    const statuses = async () =>
      Promise.all([jobId, paused, running].map(async (id) => (await jobs().state(id))!.status));
    await sweepAt(Date.now() + 100 * DAY_MS, null);
    await sweepAt(Date.now() + 29 * DAY_MS, 30);
    expect(await statuses()).toEqual(['stopped', 'paused', 'running']);
    await sweepAt(Date.now() + 31 * DAY_MS, 30);
    expect(await statuses()).toEqual(['removed', 'paused', 'running']);
    expect(await eventsOf(jobId)).toHaveLength(1);
  });
});
