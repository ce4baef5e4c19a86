import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { openDatabase, type OpenDatabase } from '#libs/adapters/postgres';
import { newHashKey, systemClock } from '#libs/adapters/system';
import { jobEventId, pageEventId, subjects, type NewJobEvent, type NewPageEvent } from '#libs/events';
import { createTestDatabase, startTestNats, until, type TestDatabase, type TestNats } from '#libs/testing';
import { History } from '#libs/testing/history';
import { Coordinator, Projector } from '../index.js';
import { HealthWatch, type FindingCode, type HealthReport, type HealthWatchOptions } from './index.js';

const JOB = '0-testjob00';
const MIB = 1024 * 1024;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
/** So that a stall shows in a test's time. */
const impatient = { stalledAfterMs: 300, leaderlessAfterMs: 300, workerlessAfterMs: 300 };

describe('health on real stores', () => {
  let nats: TestNats;
  let database: TestDatabase;
  let log: JetStreamHandle;
  let db: OpenDatabase;
  let free: number;
  const cleanup: (() => Promise<void>)[] = [];

  const open = async (settings: string[] = []): Promise<void> => {
    [nats, database] = await Promise.all([startTestNats(settings), createTestDatabase()]);
    log = await connectLog({
      url: nats.url,
      shards: 1,
      name: 'health spec',
      leaseTtlMs: 1000,
      timeoutMs: 2000,
    });
    db = await openDatabase(database.url);
    await db.migrate();
    free = 100 * MIB;
  };
  afterEach(async () => {
    for (const end of cleanup.splice(0).reverse()) await end();
    await db.close();
    await log.close();
    await Promise.all([nats.stop(), database.drop()]);
  });

  const watch = (options: Partial<HealthWatchOptions> = {}): HealthWatch =>
    new HealthWatch(
      {
        ...{ eventLog: log.eventLog, inspection: log.inspection, lease: log.lease, clock: systemClock },
        projection: async () => db.projectionStore,
        room: { freeBytes: async () => free },
      },
      { shards: 1, minFreeBytes: MIB, ...impatient, ...options },
    );
  const codes = ({ findings }: HealthReport): FindingCode[] => findings.map(({ code }) => code);
  /** Looks until the finding is there. */
  const finds = async (one: HealthWatch, code: FindingCode) => {
    const report = await until(
      async () => {
        const found = await one.look();
        return codes(found).includes(code) ? found : null;
      },
      { what: code, timeoutMs: 30_000 },
    );
    return { ...report.findings.find((f) => f.code === code)!, status: report.status };
  };

  const startJob = async (): Promise<void> => {
    const { events } = new History(JOB).started({ start: ['https://site.test/'] });
    await log.eventLog.appendJob({ ...events[0], id: jobEventId(JOB, 'start') } as NewJobEvent, 0);
  };
  const publish = async (n: number, filler = ''): Promise<void> => {
    const url = `https://site.test/${n}`;
    const event = new History(JOB).fetched(url, [], { title: `Page ${n} ${filler}` }).last;
    await log.eventLog.publishPage({ ...event, id: pageEventId(JOB, 1, url, 1) } as NewPageEvent);
  };
  const project = async (): Promise<void> => {
    const projector = new Projector(
      { eventLog: log.eventLog, store: db.projectionStore, clock: systemClock, logger: quiet },
      { shard: 0 },
    );
    const { seq } = await projector.position();
    for await (const batch of log.eventLog.readShard(0, { fromSeq: seq + 1 })) await projector.apply(batch);
  };
  const lead = async (): Promise<Coordinator> => {
    const { eventLog, fetchQueue, lease, progress } = log;
    const coordinator = new Coordinator(
      {
        ...{ eventLog, fetchQueue, lease, progress, clock: systemClock, logger: quiet },
        room: { freeBytes: async () => null },
        hashKey: newHashKey(),
      },
      { shard: 0, pool: 'http', holder: 'spec', leaseEveryMs: 300 },
    );
    coordinator.start();
    cleanup.push(() => coordinator.stop());
    await until(() => coordinator.isLeading);
    return coordinator;
  };
  const limitStream = (name: string, maxBytes: number): Promise<unknown> =>
    log.nc.request(`$JS.API.STREAM.INFO.${name}`).then((info) => {
      const { config } = info.json<{ config: object }>();
      return log.nc.request(
        `$JS.API.STREAM.UPDATE.${name}`,
        JSON.stringify({ ...config, max_bytes: maxBytes }),
      );
    });
  const bytesOf = async (): Promise<number> => (await log.eventLog.head(0)).bytes;

  it('is well while everything goes on', async () => {
    await open();
    await startJob();
    await lead();
    const one = watch();
    await project();
    await until(async () => {
      await project();
      return (await one.look()).status === 'ok';
    });
    expect(one.latest).toMatchObject({ nats: 'ok', postgres: 'ok', findings: [], shards: [{ lag: 0 }] });
  });

  it('names a projector that does not advance, and is well again when it does', async () => {
    await open();
    await startJob();
    const one = watch({ leaders: false });
    expect(await one.look()).toMatchObject({ status: 'ok', shards: [{ projected: 0, lag: 1 }] });
    expect(one.isSuspicious).toBe(true);
    expect(await finds(one, 'projector_stalled')).toMatchObject({
      status: 'unavailable',
      shard: 0,
      command: 'spoor run projector',
      message: expect.stringMatching(/stand still at event 0, 1 behind/),
    });
    expect(one.latest!.shards[0]!.lagMs).toBeGreaterThan(0);
    await project();
    expect(await one.look()).toMatchObject({ status: 'ok', shards: [{ lag: 0, lagMs: 0 }] });
  });

  it('names read models that are ahead of the log, or of another one, and is well when they were made anew', async () => {
    await open();
    await startJob();
    await project();
    const one = watch({ leaders: false });
    expect(await one.look()).toMatchObject({ status: 'ok', shards: [{ projected: 1 }] });
    const { config } = (await log.nc.request('$JS.API.STREAM.INFO.SPOOR_EVENTS_0')).json<{
      config: object;
    }>();
    await log.nc.request('$JS.API.STREAM.DELETE.SPOOR_EVENTS_0');
    await log.nc.request('$JS.API.STREAM.CREATE.SPOOR_EVENTS_0', JSON.stringify(config));
    const look = await one.look();
    expect(look).toMatchObject({ status: 'unavailable', shards: [{ projected: 1, lastSeq: 0 }] });
    expect(look.findings).toMatchObject([
      {
        ...{ code: 'read_models_of_other_log', shard: 0, command: 'spoor projection rebuild' },
        message: expect.stringMatching(/at event 1, and the log, which has 0 events/),
      },
    ]);
    await project();
    expect(await one.look()).toMatchObject({ status: 'ok', shards: [{ projected: 0 }] });
  });

  it('names a running job that no coordinator leads, also when the one that led is dead', async () => {
    await open();
    await startJob();
    await project();
    const one = watch();
    expect(await finds(one, 'job_without_coordinator')).toMatchObject({
      status: 'unavailable',
      jobs: [JOB],
      command: 'spoor run coordinator',
    });
    await lead();
    await until(async () => !codes(await one.look()).includes('job_without_coordinator'));
    const dead = new HealthWatch(
      {
        ...{ eventLog: log.eventLog, inspection: log.inspection, lease: log.lease, clock: systemClock },
        projection: null,
        room: { freeBytes: async () => free },
        isGone: (holder) => holder === 'spec',
      },
      { shards: 1, minFreeBytes: MIB, ...impatient },
    );
    await finds(dead, 'job_without_coordinator');
  });

  it('names tasks that no worker takes', async () => {
    await open();
    await startJob();
    await lead();
    const one = watch();
    expect(await finds(one, 'no_worker')).toMatchObject({
      status: 'unavailable',
      command: 'spoor run worker',
    });
    const pulling = log.fetchQueue.pull(0, 'http', {
      freeSlots: () => 8,
      onDelivery: () => undefined,
      onError: () => undefined,
    });
    cleanup.push(() => pulling.stop());
    await until(async () => !codes(await one.look()).includes('no_worker'));
  });

  it('names parked events with their job, and stays ready: other jobs go on', async () => {
    await open();
    await startJob();
    await log.nc.request(subjects.pageSubject(JOB, 'PageFetched'), '{"poison": true}');
    await project();
    const report = await watch({ leaders: false }).look();
    expect(report).toMatchObject({
      status: 'degraded',
      shards: [{ lag: 0, parked: [{ jobId: JOB, events: 1 }] }],
    });
    expect(report.findings).toMatchObject([
      { code: 'events_parked', jobs: [JOB], command: 'spoor projection rebuild' },
    ]);
  });

  it('names a decision that cannot be read, on which nothing can be decided', async () => {
    await open();
    await startJob();
    await lead();
    await log.nc.request(subjects.jobSubject(JOB), '{"from": "the future"}');
    expect(await finds(watch(), 'decision_unreadable')).toMatchObject({
      message: expect.stringMatching(/^Decision 2 of job 0-testjob00 cannot be read: /),
      jobs: [JOB],
    });
  });

  it('names a stream that is nearly full, and one that is full', async () => {
    await open();
    for (let n = 0; n < 20; n++) await publish(n, 'x'.repeat(1000));
    await project();
    const one = watch();
    await limitStream(subjects.eventStream(0), Math.ceil((await bytesOf()) / 0.85));
    expect(await finds(one, 'log_nearly_full')).toMatchObject({ status: 'degraded' });
    await limitStream(subjects.eventStream(0), Math.ceil((await bytesOf()) / 0.97));
    const full = await finds(one, 'log_full');
    expect(full).toMatchObject({
      status: 'unavailable',
      message: expect.stringMatching(
        /^The stream SPOOR_EVENTS_0 of NATS is 9\d % full: \d+ KiB of \d+ KiB\.$/,
      ),
      command: expect.stringMatching(/^nats stream edit SPOOR_EVENTS_0 --max-bytes=\d+$/),
    });
  });

  it('names an account that is full, which no stream shows', async () => {
    await open([
      'accounts { SPOOR { jetstream { max_file: 200KB }, users: [{ user: "spoor", password: "spoor" }] } }',
      'no_auth_user: "spoor"',
    ]);
    let n = 0;
    const fill = async (): Promise<boolean> => {
      await publish(n++, 'x'.repeat(4000));
      return false;
    };
    await expect(until(fill)).rejects.toMatchObject({ code: 'log_full' });
    expect(await finds(watch({ leaders: false }), 'log_full')).toMatchObject({
      message: expect.stringMatching(/^The NATS account of the event log is \d+ % full/),
      command: null,
    });
  });

  it('names a refusal for which no limit can be seen', async () => {
    await open();
    await startJob();
    await project();
    await limitStream(subjects.eventStream(0), await bytesOf());
    await expect(publish(2, 'x'.repeat(1000))).rejects.toMatchObject({ code: 'log_full' });
    await limitStream(subjects.eventStream(0), -1);
    const one = watch({ leaders: false });
    expect(await finds(one, 'log_full')).toMatchObject({ message: expect.stringMatching(/refused/) });
    await publish(3);
    await project();
    expect(codes(await one.look())).toEqual([]);
  });

  it('names a disk that has little room left', async () => {
    await open();
    free = 2 * MIB;
    expect(await watch().look()).toMatchObject({
      status: 'degraded',
      findings: [{ code: 'disk_nearly_full' }],
    });
    free = MIB / 2;
    expect(await watch().look()).toMatchObject({ status: 'unavailable', findings: [{ code: 'disk_full' }] });
  });

  it('names the store that is away, within a probe of a few seconds', async () => {
    await open();
    const one = watch({ patienceMs: 500 });
    await nats.kill9();
    const report = await one.look();
    expect(report).toMatchObject({ status: 'unavailable', nats: 'unavailable', postgres: 'ok' });
    expect(codes(report)).toEqual(['nats_unavailable']);
    await nats.restart();
    await until(async () => (await one.look()).status === 'ok', { timeoutMs: 30_000 });
    await database.drop();
    expect(await one.look()).toMatchObject({ status: 'unavailable', postgres: 'unavailable' });
  });
});
