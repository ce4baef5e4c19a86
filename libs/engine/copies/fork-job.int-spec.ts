import { createFileBodies } from '#libs/adapters/bodies';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { openDatabase, type OpenDatabase } from '#libs/adapters/postgres';
import { newHashKey, newId, systemClock } from '#libs/adapters/system';
import { isUnreadable, type StoredEvent } from '#libs/events';
import { Frontier, positionOf, type JobPosition } from '#libs/job';
import type { EventLog } from '#libs/engine/ports';
import {
  createTestDatabase,
  startTestNats,
  testDir,
  until,
  type TestDatabase,
  type TestNats,
} from '#libs/testing';
import { Coordinator } from '../coordinator/index.js';
import { JobService, type JobServiceDeps } from '../jobs/index.js';
import { RemoveJob } from '../retention/remove-job.js';
import { Projector } from '../projector/index.js';
import { chainHistory, page, record } from '#libs/testing/history';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const META = { encoding: 'identity' as const, contentType: 'text/html' };

describe('a fork, on a real log and a real database', () => {
  let nats: TestNats;
  let store: TestDatabase;
  let log: JetStreamHandle;
  let db: OpenDatabase;
  let coordinator: Coordinator;
  let parent: string;
  let seqs: number[];
  let child: string;
  const bodies = createFileBodies({ dir: testDir('fork') });

  beforeAll(async () => {
    [nats, store] = await Promise.all([startTestNats(), createTestDatabase()]);
    log = await connectLog({ url: nats.url, shards: 1, name: 'fork spec' });
    db = await openDatabase(store.url);
    await db.migrate();
    const { eventLog, fetchQueue, lease, progress } = log;
    coordinator = new Coordinator(
      {
        ...{ eventLog, fetchQueue, lease, progress, clock: systemClock, logger, hashKey: newHashKey() },
        room: { freeBytes: async () => null },
      },
      { shard: 0, pool: 'http', holder: 'spec' },
    );
    coordinator.start();
    await until(() => coordinator.isLeading);
  }, 60_000);
  afterAll(async () => {
    await coordinator.stop();
    await db.close();
    await log.close();
    await Promise.all([nats.stop(), store.drop()]);
  });
  beforeEach(async () => {
    [parent, child] = [jobs().newJobId(), jobs().newJobId()];
    seqs = await record(log.eventLog, chainHistory(parent));
  });

  const jobs = (over: Partial<JobServiceDeps> = {}): JobService =>
    new JobService({ eventLog: log.eventLog, clock: systemClock, newId, shards: 1, bodies, ...over });
  const eventsOf = async (jobId: string): Promise<StoredEvent[]> => {
    const events: StoredEvent[] = [];
    for await (const { entries } of log.eventLog.readJob(jobId))
      for (const entry of entries) if (!isUnreadable(entry)) events.push(entry);
    return events;
  };
  const positionAt = async (jobId: string, upTo: number): Promise<JobPosition> => {
    const frontier = new Frontier(jobId, newHashKey());
    for (const event of await eventsOf(jobId)) if (event.seq <= upTo) frontier.apply(event);
    return positionOf(frontier);
  };
  const inFlight = async (jobId: string): Promise<string[]> =>
    (await log.fetchQueue.snapshot(0)).batches
      .filter((batch) => batch.jobId === jobId)
      .flatMap(({ tasks }) => tasks.map(({ url }) => url));
  const bare = ({ seq: _, storedAt: __, ...position }: JobPosition) => position;
  /** A log that breaks before the n-th write of a copy. */
  const breaking = (writes: number): EventLog => {
    const count = (): void => {
      if (writes-- <= 0) throw new Error('killed');
    };
    return Object.assign(Object.create(log.eventLog) as EventLog, {
      appendJob: async (...args: Parameters<EventLog['appendJob']>) => (
        count(),
        log.eventLog.appendJob(...args)
      ),
      publishPage: async (...args: Parameters<EventLog['publishPage']>) => (
        count(),
        log.eventLog.publishPage(...args)
      ),
    });
  };

  test('has the parent’s history as its own, event by event, and the parent keeps what it has', async () => {
    const before = await eventsOf(parent);
    const answer = await jobs().fork(parent, { jobId: child, reason: 'try it' });
    expect(answer).toMatchObject({ jobId: child, status: 'running', run: 4, events: before.length });
    expect(await eventsOf(parent)).toEqual(before);
    const copied = (await eventsOf(child)).slice(0, before.length);
    const told = ({ type, time, data: { ...data } }: StoredEvent) => ({
      ...{ type, time },
      data: { ...data, copiedFrom: undefined },
    });
    expect(copied.map(told)).toEqual(before.map(told));
    expect(copied.map((event) => event.causationId)).toEqual(before.map(({ id }) => id));
    expect((await eventsOf(child)).at(before.length)).toMatchObject({
      type: 'JobForked',
      data: { reason: 'try it', parent: { jobId: parent, seq: expect.any(Number) }, run: 4 },
    });
  });

  test('is whoever’s forked it, whosever the parent is; so is its tombstone', async () => {
    const service = jobs({
      removal: new RemoveJob({ eventLog: log.eventLog, purge: log.purge, bodies, clock: systemClock }),
    });
    const first = await service.fork(parent, { owner: 'ann' });
    const second = await service.fork(first.jobId, { owner: 'bob' });
    const third = await service.fork(second.jobId);
    const ownerOf = async ({ jobId }: { jobId: string }) => (await service.state(jobId))?.owner;
    expect([await ownerOf(first), await ownerOf(second), await ownerOf(third)]).toEqual(['ann', 'bob', null]);
    await Promise.all([first, second, third].map(({ jobId }) => service.stop(jobId)));
    await service.remove(second.jobId);
    expect(await service.state(second.jobId)).toMatchObject({ status: 'removed', owner: 'bob' });
    expect(await eventsOf(second.jobId)).toHaveLength(1);
  });

  test('stands where the parent stood at each point, and fetches exactly what was open there', async () => {
    for (const at of [seqs[0]!, seqs[7]!, seqs[16]!, seqs[18]!, seqs.at(-1)!]) {
      const one = jobs().newJobId();
      const { position } = await jobs().fork(parent, { jobId: one, at });
      expect(bare(position)).toEqual(bare(await positionAt(parent, at)));
      // One host, met already: two at a time. What is open there is what has no outcome in the child's own history.
      const wanted = Math.min(2, position.counts.open);
      const tasks = await until(async () => {
        const found = await inFlight(one);
        return found.length >= wanted ? found : null;
      });
      const frontier = new Frontier(one, newHashKey());
      for (const event of await eventsOf(one)) frontier.apply(event);
      for (const url of tasks) expect(frontier.find(url)).toMatchObject({ outcome: 'open' });
      await jobs().stop(one);
    }
  });

  test('is the same however often it was interrupted, and nothing of it is fetched before it is whole', async () => {
    const whole = await jobs().fork(parent, { at: seqs.at(-1)! });
    // Its tasks would keep the places of the host, which jobs share.
    await jobs().stop(whole.jobId);
    for (const writes of [0, 1, 2, 7, 15, 16, 17, 18, seqs.length]) {
      const broken = jobs({ eventLog: breaking(writes) });
      const one = jobs().newJobId();
      await expect(broken.fork(parent, { jobId: one, at: seqs.at(-1)! })).rejects.toThrow('killed');
      expect((await jobs().state(one))?.status ?? 'unknown').not.toBe('running');
      if (writes > 0)
        await expect(jobs().resume(one)).rejects.toMatchObject({ code: 'impossible_transition' });
      // What comes after it in the log has reached the coordinator: so has the half of it.
      const other = await jobs().start({ start: [page('/other')] });
      await until(async () => (await inFlight(other.jobId)).length === 1);
      expect(coordinator.jobs).not.toContain(one);
      expect(await inFlight(one)).toEqual([]);
      await jobs().stop(other.jobId);

      const { position, events } = await jobs().fork(parent, { jobId: one });
      expect(events).toBe(seqs.length);
      expect(bare(position)).toEqual(bare(whole.position));
      expect(await eventsOf(one)).toHaveLength(seqs.length + 1);
      await jobs().stop(one);
    }
  });

  test('has the parent’s rows under its own name', async () => {
    await jobs().fork(parent, { jobId: child });
    await jobs().stop(child);
    const projector = new Projector(
      { eventLog: log.eventLog, store: db.projectionStore, clock: systemClock, logger },
      { shard: 0 },
    );
    const { seq } = await projector.position();
    for await (const batch of log.eventLog.readShard(0, { fromSeq: seq + 1 })) await projector.apply(batch);
    const rows = async (jobId: string) => {
      // Of one page, rows come by the page's id, which is another one's here.
      const of = async (list: 'pages' | 'items' | 'evidence') =>
        (await db.readModels[list](jobId, {}, 1000)).rows
          .map((row) => JSON.stringify({ ...row, id: '', pageId: '', jobId: '', seq: 0 }))
          .sort();
      const job = (await db.readModels.job(jobId))!;
      const counts = [
        job.fetched,
        job.failed,
        job.skipped,
        job.retries,
        job.bytes,
        job.statusCodes,
        job.name,
      ];
      return { counts, pages: await of('pages'), items: await of('items'), evidence: await of('evidence') };
    };
    const ofParent = await rows(parent);
    expect(ofParent.pages).toHaveLength(14);
    expect(await rows(child)).toEqual(ofParent);
  });

  test('changes what it is asked to, keeps bodies when the parent goes, and says which it did not get', async () => {
    const { sha256 } = await bodies.put(parent, Buffer.from('<html>'), META);
    const lost = 'f'.repeat(64);
    const over = (path: string, sha: string) => ({
      ...{ url: page(path), run: 3, body: { ...META, sha256: sha, storedBytes: 6 } },
    });
    const [start] = chainHistory(parent);
    const history = [start!, ...chainHistory(parent).slice(1, 3)].map((event, i) =>
      i === 0 ? event : { ...event, data: { ...event.data, ...over(`/${i - 1}`, i === 1 ? sha256 : lost) } },
    ) as StoredEvent[];
    const other = jobs().newJobId();
    await record(log.eventLog, history.map((event) => ({ ...event, jobId: other })) as StoredEvent[]);
    await bodies.link(parent, other, sha256);
    const changes = { politeness: { perHost: 1 }, scope: { maxPages: 5 } };
    const answer = await jobs().fork(other, { jobId: child, changes });
    expect(answer).toMatchObject({ bodies: { linked: 1, missing: 1 } });
    expect(answer.diff).toEqual([
      { field: 'scope.maxPages', from: null, to: 5 },
      { field: 'politeness.perHost', from: 2, to: 1 },
    ]);
    expect((await jobs().state(child))!.spec.politeness.perHost).toBe(1);
    await bodies.removeJob(other);
    expect(await bodies.get(child, sha256)).toEqual(Buffer.from('<html>'));
    for (const id of [child, other]) await jobs().stop(id);
  });

  test('of a fork is a fork, and a repeated command is the same one', async () => {
    const first = await jobs().fork(parent, { jobId: child, commandId: 'once' });
    expect(await jobs().fork(parent, { jobId: child, commandId: 'once' })).toMatchObject({ seq: first.seq });
    const grandchild = await jobs().fork(child);
    expect(bare(grandchild.position)).toEqual(bare(first.position));
    expect(grandchild).toMatchObject({ run: 5, parent: { jobId: child } });
    for (const id of [child, grandchild.jobId]) await jobs().stop(id);
  });

  test('is refused where there is nothing to fork, and through a proxy that does not work; nothing is left behind', async () => {
    const code = (options: object, from = parent) =>
      jobs({
        proxyCheck: {
          check: async () => ({
            ...{ ok: false, code: 'proxy_bad_gateway', statusCode: 502, message: 'refused' },
            ...{ vendorText: null, hint: 'mend it' },
          }),
        },
      })
        .fork(from, { jobId: child, ...options })
        .then(
          () => 'forked',
          (error: { code: string; details?: { field?: string } }) => [error.code, error.details?.field],
        );
    expect(await code({}, '0-nosuchjob')).toEqual(['job_not_found', undefined]);
    expect(await code({ at: seqs[0]! - 1 })).toEqual(['invalid_request', 'at']);
    expect(await code({ at: 10_000_000 })).toEqual(['invalid_request', 'at']);
    expect(await code({ changes: { colour: 'red' } })).toEqual(['invalid_request', 'colour']);
    expect(await code({ jobId: parent })).toEqual(['conflict', 'jobId']);
    expect(await code({ changes: { proxy: { url: 'http://proxy.test:1' } } })).toEqual([
      'proxy_bad_gateway',
      undefined,
    ]);
    expect(await jobs().state(child)).toBeNull();
  });
});
